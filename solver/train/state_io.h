// SPDX-License-Identifier: MIT
// Saves a training to a checkpoint folder and loads it: all keys of the resume
// state, including those of older files (docs/formats.md).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/checkpoint_info.h"
#include "solver/train/embedding_init_search.h"
#include "solver/train/step.h"

namespace arctrm::internal {

// kWhole: a checkpoint folder with resume state. kWeights: without resume
// state. kInMemory: kWeights in the memory of this process.
enum class SaveAs { kWhole, kWeights, kInMemory };

// Saves to the folder `dir` after `time_s` seconds of training. Rank 0 calls it
// while the other processes call GatherForSave. Errors of WriteCheckpoint.
absl::Status SaveTraining(const Training& training, const std::string& dir,
                          double time_s, SaveAs what = SaveAs::kWhole);
void GatherForSave(const Training& training);

// Loads the start weights (spec.checkpoint). The result names the new embedding
// rows.
absl::StatusOr<EmbeddingInitPlan> LoadStartWeights(Training& training);

// Loads the resume state of spec.out. DataLoss names the damaged part.
absl::Status LoadResumeState(Training& training);

}  // namespace arctrm::internal
