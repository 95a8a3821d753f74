// SPDX-License-Identifier: MIT
// The task files of a job, read and put together.
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
  // What is to be answered, all --challenges sets together; ids are unique.
  ChallengeSet challenges;
  // Of those: from --solutions, or from the files themselves. For scoring only.
  SolutionSet solutions;
  // For BuildDataset: the challenges' demonstrations, then the train-on sets
  // with their test pairs.
  std::vector<DatasetSource> sources;
  // Skipped files, and what the train-on sets lost.
  std::vector<Remark> remarks;
  // SHA-256 of the files by command-line flag, once FingerprintsOf() was asked.
  std::map<std::string, std::string> fingerprints;
};

// The files that ReadRunInputs() reads for an element of `train_on`.
std::vector<std::string> TrainOnPaths(const std::string& argument);

// `train_on`: "PATH" or "PATH=SOLUTIONS". A Kaggle challenges file without
// solutions next to it can't be trained on with its test pairs: InvalidArgument
// says how to give them. What of a train-on set can't be used is left out and
// named in the remarks; every fault of the challenges is in one error.
absl::StatusOr<RunInputs> ReadRunInputs(
    const std::vector<std::string>& challenges, const std::string& solutions,
    const std::vector<std::string>& train_on);

}  // namespace arctrm
