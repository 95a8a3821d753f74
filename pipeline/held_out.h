// SPDX-License-Identifier: MIT
// Pairs kept out of training to see, while it goes on, which weights do best:
// late ones can collapse.
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
  // What else is known of it: TaskWindow's.
  std::vector<Pair> known;
  std::vector<Grid> test_inputs;
  int64_t embedding_id = 0;  // of the task without augmentation
  Pair pair;
};

// Takes the last pair out of `count` tasks drawn by seed, of those with at
// least three pairs: the model has seen their rule and not this pair of it.
// InvalidArgument when there are fewer such tasks.
absl::StatusOr<std::vector<HeldOutPair>> TakeHeldOut(int64_t count,
                                                     uint64_t seed,
                                                     Dataset& dataset);

// Each pair answered once, unaugmented. Right cells count only in an answer of
// the right size.
absl::StatusOr<HeldOutScore> ScoreHeldOut(
    Predictor& predictor, const std::vector<HeldOutPair>& pairs);

}  // namespace arctrm
