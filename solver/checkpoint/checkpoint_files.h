// SPDX-License-Identifier: MIT
// The files of a checkpoint folder, without the tensors' meaning. No Torch
// here. docs/formats.md describes them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/checkpoint/memory_files.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint_info.h"

namespace arctrm::internal {

inline constexpr char kWeightsFile[] = "model.safetensors";
inline constexpr char kResumeFile[] = "resume.safetensors";
inline constexpr char kIdsFile[] = "ids.zst";
inline constexpr char kSettingsFile[] = "checkpoint.json";

// FailedPrecondition where `dir` holds anything but files of a checkpoint.
absl::Status CheckCheckpointPlace(const std::string& dir);

// Writes everything to a fresh folder that then takes the place of `dir`, which
// must be another checkpoint (FailedPrecondition) or not there. On errors
// nothing is left of it, and what `dir` held stands; ResourceExhausted where it
// finds no room.
// `files`: name and content of the tensor files. info.dir is not used.
absl::Status WriteCheckpoint(const std::string& dir, const CheckpointInfo& info,
                             NamedFiles files);
// The same in this process's memory: what reads `dir` finds it there.
void KeepCheckpoint(const std::string& dir, const CheckpointInfo& info,
                    NamedFiles files);

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
