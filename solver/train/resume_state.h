// SPDX-License-Identifier: MIT
// The files of a resumable training, without the meaning of their tensors. Free
// of LibTorch.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "augment/dataset.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint_info.h"
#include "solver/options.h"

namespace arctrm::internal {

// Keys of the metadata of resume.safetensors. kDatasetKey: PairsFingerprint(),
// the only fingerprint of older states. kWholeDatasetKey: DatasetFingerprint().
inline constexpr char kDatasetKey[] = "dataset";
inline constexpr char kWholeDatasetKey[] = "dataset_sha256";
inline constexpr char kSeedKey[] = "seed";
// CheckpointFingerprint() of the start weights, "" for none.
inline constexpr char kStartKey[] = "start_weights";

// SHA-256 of names, pairs and augmentations.
std::string PairsFingerprint(const Dataset& dataset);

struct ResumeState {
  CheckpointInfo info;
  SafetensorsFile weights;
  SafetensorsFile state;

  // A value of the state's metadata; "" if absent.
  std::string Text(const std::string& key) const;
  bool Has(const std::string& key) const;
};

// NotFound without resume state in `dir`, FailedPrecondition if its settings or
// dataset differ, DataLoss.
absl::StatusOr<ResumeState> ReadResume(const std::string& dir,
                                       const ModelOptions& options,
                                       const TrainOptions& train,
                                       const Dataset& dataset);

}  // namespace arctrm::internal
