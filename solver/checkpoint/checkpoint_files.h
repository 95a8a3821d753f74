// SPDX-License-Identifier: MIT
// The files of a checkpoint folder (docs/formats.md), without the meaning of
// their tensors. Free of LibTorch.
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

// FailedPrecondition if `dir` contains other files than those of a checkpoint.
absl::Status CheckCheckpointPlace(const std::string& dir);

// Writes everything to a new folder that then replaces `dir`, which must be
// absent or a checkpoint (FailedPrecondition). After an error `dir` is
// unchanged; ResourceExhausted if the disk has no room. `files`: names and
// contents of the tensor files. Ignores info.dir.
absl::Status WriteCheckpoint(const std::string& dir, const CheckpointInfo& info,
                             NamedFiles files);
// The same in the memory of this process; readers of `dir` find it there.
void KeepCheckpoint(const std::string& dir, const CheckpointInfo& info,
                    NamedFiles files);

// The folder of `path` (the folder itself or a file in it), resolved.
absl::StatusOr<std::string> CheckpointDir(const std::string& path);

// The content of a file. DataLoss if its size or SHA-256 differs from
// checkpoint.json.
absl::StatusOr<std::string> ReadCheckpointFile(const std::string& dir,
                                               const std::string& name);

// The same for a tensor file.
absl::StatusOr<SafetensorsFile> ReadCheckpointTensors(const std::string& dir,
                                                      const std::string& name);

}  // namespace arctrm::internal
