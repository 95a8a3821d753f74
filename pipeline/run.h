// SPDX-License-Identifier: MIT
// The whole job: a challenges file in, a two-attempt submission out.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/log.h"
#include "pipeline/engine.h"
#include "pipeline/run_options.h"
#include "submission/score.h"

namespace arctrm {

struct RunOutcome {
  // Nothing stopped the run before its plan, and every test input has at least
  // one real vote or there was no limit that it could have had one within: exit
  // code 0, otherwise 3.
  bool complete = false;
  std::string status;
  int test_inputs = 0;
  int without_votes = 0;
  std::optional<ScoreTable> score;
  std::vector<std::pair<std::string, ScoreTable>> label_scores;
  std::string leak_warning;
};

// InvalidArgument, NotFound, FailedPrecondition and DataLoss are the user's to
// mend (exit code 2): then nothing that existed was overwritten. From the
// moment the inputs are read, options.out is a valid submission, replaced
// atomically as votes come in.
absl::StatusOr<RunOutcome> ExecuteRun(const RunOptions& options,
                                      const Deadline& deadline, Log& log,
                                      Engine& engine);
// What ExecuteRun would do with its time, after a short calibration; writes
// nothing.
absl::StatusOr<std::string> DescribePlan(const RunOptions& options,
                                         const Deadline& deadline, Log& log,
                                         Engine& engine);

}  // namespace arctrm
