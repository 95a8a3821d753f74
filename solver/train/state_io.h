// SPDX-License-Identifier: MIT
// The state of a training to and from a checkpoint folder: every key of the
// resume state, and how older files are read (docs/formats.md).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/checkpoint_info.h"
#include "solver/train/embedding_init_search.h"
#include "solver/train/step.h"

namespace arctrm::internal {

// What is saved. kWhole: the checkpoint folder with resume state. kWeights:
// without resume state. kInMemory: kWeights, kept in this process.
enum class SaveAs { kWhole, kWeights, kInMemory };

// Saves to the folder `dir` after `time_s` seconds of training. Rank 0 calls it
// while the other processes call GatherForSave. Errors of WriteCheckpoint.
absl::Status SaveTraining(const Training& training, const std::string& dir,
                          double time_s, SaveAs what = SaveAs::kWhole);
void GatherForSave(const Training& training);

// Takes the weights of the checkpoint that request.checkpoint names. The result
// says which embedding rows are new.
absl::StatusOr<NewRows> LoadStartWeights(Training& training);

// Takes all state from request.out. DataLoss names what is damaged.
absl::Status LoadResumeState(Training& training);

}  // namespace arctrm::internal
