// SPDX-License-Identifier: MIT
// The work folder of a run: begun, resumed, or found finished.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/run_context.h"

namespace arctrm {

// Settings that decide the result, as run.json keeps them.
std::map<std::string, std::string> SettingsMap(const RunOptions& options);

// Starts the work folder of a new run: record, copies of the inputs, facts of
// the report. Writes that fail are journalled as unsaved.
void BeginRun(RunContext& run);

// Reads the record and the ballots of a run that was stopped. Returns true when
// that run is finished. FailedPrecondition where inputs or settings differ, and
// where files of the work folder are missing, damaged or another run's.
absl::StatusOr<bool> ResumeRun(RunContext& run);

// Writes report and submission of a finished run again where they are gone.
absl::Status RestoreResults(RunContext& run);

// Logs tasks, network and device of a run that begins or resumes.
void LogRun(RunContext& run);

}  // namespace arctrm
