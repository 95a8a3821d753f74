// SPDX-License-Identifier: MIT
// The end of a run: submission, score, record and report.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/run.h"
#include "pipeline/run_context.h"

namespace arctrm {

// The status of a finished run in run.json begins with this.
inline constexpr char kStatusDone[] = "done";

// Votes, score and status of the run as they are now.
absl::StatusOr<RunOutcome> OutcomeOf(const RunContext& run);

// Writes the submission. On a full disk it takes the room of the resume state,
// which the run no longer needs.
absl::Status SaveLastSubmission(RunContext& run);

// Completes the record with votes, score, times and memory; then writes report
// and run.json. A run that overran its limit says so in both.
void WriteResults(const RunOutcome& outcome, RunContext& run);

}  // namespace arctrm
