// SPDX-License-Identifier: MIT
// Which augmentations a task gets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arc/task.h"
#include "augment/augmentation.h"

namespace arctrm {

struct PlanOptions {
  // Copies wanted beside the task itself.
  int augmentations = 1000;
  // Tries in all, as a multiple of `copies` (published: 5). A try is one draw
  // of RandomAugmentation, kept or not.
  int retries = 5;
  uint64_t seed = 0;
};

// SHA-256 of "rows cols cells" content, as lower-case hex: the published
// grid_hash.
std::string GridHash(const Grid& grid);
// Hash over the sorted hashes of the pairs: equal for tasks that differ only in
// the order of their pairs. The published puzzle_hash for `pairs`; test inputs
// are hashed alone. Differs from TRM: the published plan hashes evaluation test
// outputs too, which lets hidden data shape it.
std::string TaskHash(const std::vector<Pair>& pairs,
                     const std::vector<Grid>& test_inputs);

// The identity first, then up to `copies` augmentations, in the order drawn,
// none of which gives a task content seen before. Fewer when the task has no
// more within the tries. Depends on (seed, task_id, content) alone, so tasks
// can be planned in any order and in parallel. Asking for more copies or
// retries only lengthens the same stream of tries, Random(seed,
// "augment/<task_id>"), so a longer plan begins with the shorter one. Contents
// are compared by a 128-bit hash, not by TaskHash.
std::vector<Augmentation> PlanTask(const std::string& task_id,
                                   const std::vector<Pair>& pairs,
                                   const std::vector<Grid>& test_inputs,
                                   const PlanOptions& options);

}  // namespace arctrm
