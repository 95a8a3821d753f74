// SPDX-License-Identifier: MIT
// The files of a checkpoint folder, without the tensors' meaning. No Torch
// here. docs/formats.md describes them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/checkpoint_info.h"
#include "solver/internal/safetensors.h"

namespace arctrm::internal {

inline constexpr char kWeightsFile[] = "model.safetensors";
inline constexpr char kResumeFile[] = "resume.safetensors";
inline constexpr char kIdsFile[] = "ids.zst";
inline constexpr char kSettingsFile[] = "checkpoint.json";

// FailedPrecondition where `dir` holds anything but files of a checkpoint.
absl::Status CheckCheckpointPlace(const std::string& dir);

// Writes everything to a fresh folder that then takes the place of `dir`, which
// must be another checkpoint (FailedPrecondition), empty or not there.
// `files`: name and content of the tensor files. info.dir is not used.
absl::Status WriteCheckpoint(
    const std::string& dir, const CheckpointInfo& info,
    const std::vector<std::pair<std::string, std::string>>& files);

// The folder of `path` (the folder itself or a file in it), resolved.
absl::StatusOr<std::string> CheckpointDir(const std::string& path);

// Content of one of the files, its size and SHA-256 checked against
// checkpoint.json: DataLoss when they differ.
absl::StatusOr<std::string> ReadCheckpointFile(const std::string& dir,
                                               const std::string& name);

// The same of a tensor file.
absl::StatusOr<SafetensorsFile> ReadCheckpointTensors(const std::string& dir,
                                                      const std::string& name);

}  // namespace arctrm::internal
