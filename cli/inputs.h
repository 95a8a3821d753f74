// SPDX-License-Identifier: MIT
// What the command line names, beside the tasks of a job
// (pipeline/run_inputs.h).
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arc/read.h"
#include "arc/task.h"
#include "base/log.h"

namespace arctrm {

// The tasks of all `paths` as one set, ids unique (ReadRunInputs), and what the
// files themselves know of test outputs. What was passed over is logged.
absl::StatusOr<TaskFiles> LoadChallenges(const std::vector<std::string>& paths,
                                         Log& log);

// ReadSolutions with empty grids for test outputs that are not known (null),
// which are named in the log.
absl::StatusOr<SolutionSet> LoadSolutions(const std::string& path,
                                          const ChallengeSet* challenges,
                                          Log& log);

struct WeightedPath {
  std::string path;
  double weight = 1;
};
// "F:weight" or "F". A file whose own name holds ":" is taken as it is when it
// exists. InvalidArgument for a weight that is no positive number.
absl::StatusOr<WeightedPath> ParseWeightedPath(const std::string& text);

// Fails unless a file can be made at `out`.
absl::Status CheckOutputFile(const std::string& out);

// "2 tasks, 3 test inputs".
std::string TasksText(const ChallengeSet& challenges);

}  // namespace arctrm
