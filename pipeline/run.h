// SPDX-License-Identifier: MIT
// A whole run: reads a challenges file, writes a submission with two attempts
// per test input.
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
  // True if the run was not stopped and every test input has a vote. Without a
  // time limit, true also if the training reached no embedding row of a test
  // input. Exit code 0 if true, otherwise 3.
  bool complete = false;
  std::string status;
  int test_inputs = 0;
  int without_votes = 0;
  std::optional<ScoreTable> score;
  std::vector<std::pair<std::string, ScoreTable>> label_scores;
  std::string leak_warning;
};

// Executes the run. From the moment the inputs are read, options.out is a valid
// submission, replaced atomically as votes come in.
//
// InvalidArgument, NotFound, FailedPrecondition and DataLoss are for the user
// to mend (exit code 2); no existing file was overwritten then.
absl::StatusOr<RunOutcome> ExecuteRun(const RunOptions& options,
                                      const Deadline& deadline, Log& log,
                                      Engine& engine);
// Describes how ExecuteRun() would divide its time, after a short measurement.
// Writes nothing.
absl::StatusOr<std::string> DescribePlan(const RunOptions& options,
                                         const Deadline& deadline, Log& log,
                                         Engine& engine);

}  // namespace arctrm
