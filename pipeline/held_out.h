// SPDX-License-Identifier: MIT
// Held-out pairs: they are not trained on, and their score shows which weights
// are best. Weights late in a training can collapse.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "arc/task.h"
#include "augment/dataset.h"
#include "solver/predictor.h"
#include "solver/train.h"

namespace arctrm {

struct HeldOutPair {
  std::string task;
  // The rest of the task, from which TaskWindow chooses the window.
  std::vector<Pair> known;
  std::vector<Grid> test_inputs;
  int64_t embedding_id = 0;  // of the unaugmented task
  Pair pair;
};

// Removes the last pair from `count` tasks, drawn by `seed` among those with at
// least three pairs, and returns these pairs. The model still learns the rule
// from the other pairs. InvalidArgument if too few tasks have three pairs.
absl::StatusOr<std::vector<HeldOutPair>> TakeHeldOut(int64_t count,
                                                     uint64_t seed,
                                                     Dataset& dataset);

// Answers each pair once, without augmentation, and scores the answers. Cells
// count only in answers of the right size. Returns errors of `predictor`.
absl::StatusOr<HeldOutScore> ScoreHeldOut(
    Predictor& predictor, const std::vector<HeldOutPair>& pairs);

}  // namespace arctrm
