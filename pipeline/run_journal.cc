// SPDX-License-Identifier: MIT
#include "pipeline/run_journal.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/clock.h"

namespace arctrm {

RunJournal::RunJournal(const std::string& dir, bool unattended, Log& log)
    : folder_(dir),
      unattended_(unattended),
      log_(log),
      start_(RealClock().Now()) {}

double RunJournal::ElapsedS() const {
  return absl::ToDoubleSeconds(RealClock().Now() - start_);
}

std::vector<std::pair<std::string, std::string>>& RunJournal::Section(
    const std::string& name) {
  for (auto& [section, rows] : record_.facts) {
    if (section == name) return rows;
  }
  record_.facts.emplace_back(
      name, std::vector<std::pair<std::string, std::string>>());
  return record_.facts.back().second;
}

void RunJournal::AddTiming(const std::string& what, double seconds) {
  Section("Timings").emplace_back(what, DurationText(absl::Seconds(seconds)));
}

absl::Status RunJournal::Save(const std::string& status) {
  record_.status = status;
  return folder_.WriteRecord(record_);
}

void RunJournal::Warn(const std::string& line) {
  log_.Warning(line);
  Record(line);
}

void RunJournal::Warn(const Remark& remark) {
  LogRemark(remark, log_);
  // The record is written often: what is longer stands in the log.
  constexpr size_t kMost = 1000;
  if (remark.warns) Record(RemarkText(remark, kMost));
}

void RunJournal::Record(const std::string& line) {
  if (std::find(record_.warnings.begin(), record_.warnings.end(), line) ==
      record_.warnings.end()) {
    record_.warnings.push_back(line);
  }
}

void RunJournal::TakeWarnings(Engine& engine) {
  for (std::string& line : engine.TakeWarnings()) {
    record_.warnings.push_back(std::move(line));
  }
}

void RunJournal::Unsaved(const absl::Status& why) {
  if (!absl::IsResourceExhausted(why)) only_room_ = false;
  if (++unsaved_ > 1) return;
  Warn(absl::StrCat(why.message(), "; the run goes on and votes, but what ",
                    only_room_ ? "finds no room" : "can't be written",
                    " is lost: what --resume and the report need"));
}

void RunJournal::WarnOfUnsaved() {
  if (unsaved_ > 1 && !warned_of_number_) {
    warned_of_number_ = true;
    Warn(absl::StrCat("in all ", unsaved_, " writes ",
                      only_room_ ? "found no room" : "failed"));
  }
}

absl::Status RunJournal::DowngradeToWarning(const absl::Status& status,
                                            absl::string_view what) {
  if (status.ok() || !unattended_) return status;
  Warn(absl::StrCat(what, ": ", status.message()));
  return absl::OkStatus();
}

}  // namespace arctrm
