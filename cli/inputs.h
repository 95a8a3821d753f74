// SPDX-License-Identifier: MIT
// Reads the files that command lines name, other than those of a run
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

// Reads the tasks of all `paths` as one set with unique ids (ReadRunInputs),
// and the test outputs in these files. Logs ignored files and tasks.
absl::StatusOr<TaskFiles> LoadChallenges(const std::vector<std::string>& paths,
                                         Log& log);

// As ReadSolutions. Unknown test outputs (null) become empty grids and are
// logged.
absl::StatusOr<SolutionSet> LoadSolutions(const std::string& path,
                                          const ChallengeSet* challenges,
                                          Log& log);

struct WeightedPath {
  std::string path;
  double weight = 1;
};
// Parses "F:weight" or "F". If a file named `text` exists, it is that file,
// even with ":" in its name. InvalidArgument if the weight is not a positive
// number.
absl::StatusOr<WeightedPath> ParseWeightedPath(const std::string& text);

// Checks that the file `out` can be written.
absl::Status CheckOutputFile(const std::string& out);

// "2 tasks, 3 test inputs".
std::string TasksText(const ChallengeSet& challenges);

}  // namespace arctrm
