// SPDX-License-Identifier: MIT
// What a job writes down as it goes on: run.json in its work folder, with
// warnings, timings and the facts of its report.
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
#include "pipeline/run_folder.h"

namespace arctrm {

class RunJournal {
 public:
  // Of a job that begins now, in the work folder `dir`. Borrows `log`.
  RunJournal(const std::string& dir, bool unattended, Log& log);

  const RunFolder& folder() const { return folder_; }
  // As last read or changed; Save() writes it.
  RunRecord& record() { return record_; }
  const RunRecord& record() const { return record_; }
  Log& log() { return log_; }
  absl::Time start() const { return start_; }
  double ElapsedS() const;

  // The rows of a section of the report, which is made where there is none.
  std::vector<std::pair<std::string, std::string>>& Section(
      const std::string& name);
  void AddTiming(const std::string& what, double seconds);
  absl::Status Save(const std::string& status);

  // Logged, and in the report once.
  void Warn(const std::string& line);
  // The same of what a reader left out: the log's line is short, the report
  // has all of it.
  void Warn(const Remark& remark);
  // Into the report; the engine has logged them already.
  void TakeWarnings(Engine& engine);
  // Something of the work folder that could not be written, for want of room or
  // another reason: the first one is warned of, the others are counted.
  void Unsaved(const absl::Status& why);
  // Ignores what is OK.
  void Keep(const absl::Status& status) {
    if (!status.ok()) Unsaved(status);
  }
  int unsaved() const { return unsaved_; }
  // Warns of how much there was of it, once; before the last Save().
  void TellUnsaved();
  // When persevering, a failure that costs no votes becomes a warning.
  absl::Status DowngradeToWarning(const absl::Status& status,
                                  absl::string_view what);

 private:
  // Into the report, once.
  void Record(const std::string& line);

  const RunFolder folder_;
  const bool persevere_;
  Log& log_;
  const absl::Time start_;
  RunRecord record_;
  int unsaved_ = 0;
  bool only_room_ = true;  // is all that they lacked
  bool told_ = false;      // how much there was of it
};

}  // namespace arctrm
