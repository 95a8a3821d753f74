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
  // Keeps the record short, because it is written often. The log has the rest.
  constexpr size_t kMaxItems = 1000;
  if (remark.warns) Record(RemarkText(remark, kMaxItems));
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
  if (!failed_writes_.Add(why)) return;
  Warn(absl::StrCat(
      why.message(),
      "; the run continues and votes, but --resume and the report lack the "
      "files that ",
      failed_writes_.only_room() ? "find no room" : "can't be written"));
}

void RunJournal::WarnOfUnsaved() {
  const std::string summary = failed_writes_.Summary();
  if (summary.empty() || warned_of_number_) return;
  warned_of_number_ = true;
  Warn(summary);
}

absl::Status RunJournal::DowngradeToWarning(const absl::Status& status,
                                            absl::string_view what) {
  if (status.ok() || !unattended_) return status;
  Warn(absl::StrCat(what, ": ", status.message()));
  return absl::OkStatus();
}

}  // namespace arctrm
