// SPDX-License-Identifier: MIT
#include "pipeline/job_journal.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/clock.h"

namespace arctrm {

JobJournal::JobJournal(const std::string& dir, bool persevere, Log& log)
    : folder_(dir),
      persevere_(persevere),
      log_(log),
      start_(RealClock().Now()) {}

double JobJournal::ElapsedS() const {
  return absl::ToDoubleSeconds(RealClock().Now() - start_);
}

std::vector<std::pair<std::string, std::string>>& JobJournal::Section(
    const std::string& name) {
  for (auto& [section, rows] : record_.facts) {
    if (section == name) return rows;
  }
  record_.facts.emplace_back(
      name, std::vector<std::pair<std::string, std::string>>());
  return record_.facts.back().second;
}

void JobJournal::AddTiming(const std::string& what, double seconds) {
  Section("Timings").emplace_back(what, DurationText(absl::Seconds(seconds)));
}

absl::Status JobJournal::Save(const std::string& status) {
  record_.status = status;
  return folder_.WriteRecord(record_);
}

void JobJournal::Warn(const std::string& line) {
  log_.Warning(line);
  Record(line);
}

void JobJournal::Warn(const Remark& remark) {
  LogRemark(remark, log_);
  // The record is written often: what is longer stands in the log.
  constexpr size_t kMost = 1000;
  if (remark.warns) Record(RemarkText(remark, kMost));
}

void JobJournal::Record(const std::string& line) {
  if (std::find(record_.warnings.begin(), record_.warnings.end(), line) ==
      record_.warnings.end()) {
    record_.warnings.push_back(line);
  }
}

void JobJournal::TakeWarnings(Engine& engine) {
  for (std::string& line : engine.TakeWarnings()) {
    record_.warnings.push_back(std::move(line));
  }
}

void JobJournal::Unsaved(const absl::Status& why) {
  if (!absl::IsResourceExhausted(why)) only_room_ = false;
  if (++unsaved_ > 1) return;
  Warn(absl::StrCat(why.message(), "; the run goes on and votes, but what ",
                    only_room_ ? "finds no room" : "can't be written",
                    " is lost: what --resume and the report need"));
}

void JobJournal::TellUnsaved() {
  if (unsaved_ > 1 && !told_) {
    told_ = true;
    Warn(absl::StrCat("in all ", unsaved_, " writes ",
                      only_room_ ? "found no room" : "failed"));
  }
}

absl::Status JobJournal::Forgive(const absl::Status& status,
                                 absl::string_view what) {
  if (status.ok() || !persevere_) return status;
  Warn(absl::StrCat(what, ": ", status.message()));
  return absl::OkStatus();
}

}  // namespace arctrm
