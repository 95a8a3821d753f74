// SPDX-License-Identifier: MIT
// The state of a training as its files hold it, without the tensors' meaning.
// No Torch here.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "augment/dataset.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint_info.h"
#include "solver/options.h"

namespace arctrm::internal {

// Keys of the metadata of resume.safetensors.
// PairsFingerprint(), all that older states have; and DatasetFingerprint().
inline constexpr char kDatasetKey[] = "dataset";
inline constexpr char kWholeDatasetKey[] = "dataset_sha256";
inline constexpr char kSeedKey[] = "seed";
// CheckpointFingerprint() of the weights it began with, "" for none.
inline constexpr char kStartKey[] = "start_weights";

// Of names, pairs and copies alone.
std::string PairsFingerprint(const Dataset& dataset);

struct ResumeState {
  CheckpointInfo info;
  SafetensorsFile weights;
  SafetensorsFile state;

  // Of the state's metadata; "" where there is none.
  std::string Text(const std::string& key) const;
  bool Has(const std::string& key) const;
};

// NotFound without resume state in `dir`, FailedPrecondition where it was saved
// with other settings or on another dataset, DataLoss.
absl::StatusOr<ResumeState> ReadResume(const std::string& dir,
                                       const ModelOptions& options,
                                       const TrainOptions& train,
                                       const Dataset& dataset);

}  // namespace arctrm::internal
