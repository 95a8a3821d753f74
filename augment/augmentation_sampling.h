// SPDX-License-Identifier: MIT
// Draws the augmentations of a task.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arc/task.h"
#include "augment/augmentation.h"

namespace arctrm {

struct PlanOptions {
  // Number of augmentations wanted besides the identity.
  int augmentations = 1000;
  // Maximum number of draws of RandomAugmentation, as a multiple of
  // `augmentations` (published: 5).
  int retries = 5;
  uint64_t seed = 0;
};

// SHA-256 of Grid::ContentBytes() in lower-case hex, the published grid_hash.
std::string GridHash(const Grid& grid);
// Hash of the sorted hashes of the pairs, and so independent of their order.
// The published puzzle_hash for `pairs`; of test pairs only the inputs are
// hashed. Differs from TRM: the published code also hashes test outputs of
// evaluation tasks, so hidden data influences its augmentations.
std::string TaskHash(const std::vector<Pair>& pairs,
                     const std::vector<Grid>& test_inputs);

// Returns the identity, then up to `augmentations` augmentations in the order
// drawn, each giving new task content; fewer if the draws give no more. Depends
// only on (seed, task_id, content), so tasks can be processed in any order and
// in parallel. All draws come from the stream Random(seed,
// "augment/<task_id>"), so a larger result begins with every smaller one.
// Contents are compared by a 128-bit hash, not by TaskHash.
std::vector<Augmentation> PlanTask(const std::string& task_id,
                                   const std::vector<Pair>& pairs,
                                   const std::vector<Grid>& test_inputs,
                                   const PlanOptions& options);

}  // namespace arctrm
