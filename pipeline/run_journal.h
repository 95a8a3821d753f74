// SPDX-License-Identifier: MIT
// The record of a run while it goes on: run.json in its work folder, with
// warnings, timings and the facts of the report.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "arc/remark.h"
#include "base/log.h"
#include "pipeline/engine.h"
#include "pipeline/failed_writes.h"
#include "pipeline/run_folder.h"

namespace arctrm {

class RunJournal {
 public:
  // For a run that begins now in the work folder `dir`. Borrows `log`.
  RunJournal(const std::string& dir, bool unattended, Log& log);

  const RunFolder& folder() const { return folder_; }
  // The record with all changes so far; Save() writes it.
  RunRecord& record() { return record_; }
  const RunRecord& record() const { return record_; }
  Log& log() { return log_; }
  absl::Time start() const { return start_; }
  double ElapsedS() const;

  // The rows of a section of the report. Adds the section if it is absent.
  std::vector<std::pair<std::string, std::string>>& Section(
      const std::string& name);
  void AddTiming(const std::string& what, double seconds);
  absl::Status Save(const std::string& status);

  // Logs the warning. The report shows equal warnings once.
  void Warn(const std::string& line);
  // The same for a remark of a reader. The log gets a short line, the report
  // the whole remark.
  void Warn(const Remark& remark);
  // Adds the warnings of the engine, which has logged them, to the report.
  void TakeWarnings(Engine& engine);
  // Notes that a file of the work folder could not be written. Warns of the
  // first failure and counts the others.
  void Unsaved(const absl::Status& why);
  // Calls Unsaved() unless `status` is OK.
  void Keep(const absl::Status& status) {
    if (!status.ok()) Unsaved(status);
  }
  // Number of calls of Unsaved().
  int unsaved() const { return failed_writes_.count(); }
  // Warns of the number of failed writes, once. Call before the last Save().
  void WarnOfUnsaved();
  // In an unattended run, turns a failure that costs no votes into a warning.
  absl::Status DowngradeToWarning(const absl::Status& status,
                                  absl::string_view what);

 private:
  // Adds a line to the warnings of the report, once.
  void Record(const std::string& line);

  const RunFolder folder_;
  const bool unattended_;
  Log& log_;
  const absl::Time start_;
  RunRecord record_;
  FailedWrites failed_writes_;
  bool warned_of_number_ = false;
};

}  // namespace arctrm
