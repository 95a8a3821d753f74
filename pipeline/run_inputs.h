// SPDX-License-Identifier: MIT
// Reads and merges the task files of a run.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "arc/remark.h"
#include "arc/task.h"
#include "augment/dataset.h"

namespace arctrm {

struct RunInputs {
  // The tasks to answer, from all --challenges files. Ids are unique.
  ChallengeSet challenges;
  // Their test outputs, from --solutions or from the files themselves. Only for
  // scoring.
  SolutionSet solutions;
  // The sources of the dataset: demonstrations of the challenges, then
  // --train-on sets with their test pairs.
  std::vector<DatasetSource> sources;
  // Skipped files and omitted tasks.
  std::vector<Remark> remarks;
  // FingerprintsOf() these inputs; set by the caller.
  std::map<std::string, std::string> fingerprints;
};

// The files that ReadRunInputs() reads for an element of `train_on`.
std::vector<std::string> TrainOnPaths(const std::string& argument);

// Reads the files. Elements of `train_on` are "PATH" or "PATH=SOLUTIONS".
//
// Unusable tasks of a --train-on set are omitted and named in the remarks. One
// error names all faults of the challenges. InvalidArgument also if the test
// outputs of a --train-on set are unknown; the message says how to give them.
absl::StatusOr<RunInputs> ReadRunInputs(
    const std::vector<std::string>& challenges, const std::string& solutions,
    const std::vector<std::string>& train_on);

}  // namespace arctrm
