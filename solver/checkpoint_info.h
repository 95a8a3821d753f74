// SPDX-License-Identifier: MIT
// The description of a checkpoint. Readable without LibTorch. Files
// (docs/formats.md): model.safetensors, checkpoint.json, ids.zst and, while the
// training can be resumed, resume.safetensors.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "augment/leak_guard.h"
#include "solver/embedding_index.h"
#include "solver/options.h"

namespace arctrm {

struct CheckpointInfo {
  std::string dir;  // the folder, resolved
  ModelOptions model;
  TrainOptions train;  // of the last training
  int64_t step = 0;    // optimiser steps, all trainings of these weights
  double train_time_s = 0;
  bool has_resume_state = false;
  EmbeddingIndex ids;
  std::vector<TrainedTask> trained;  // all tasks that these weights have seen
  // The run that saved it (TrainSpec::run); "" for exported weights and for
  // checkpoints of earlier versions.
  std::string run;
};

// Is `name` the name of a file of a checkpoint folder?
bool IsCheckpointName(absl::string_view name);
// The file that marks a folder as a checkpoint of arctrm.
inline constexpr char kCheckpointMark[] = "checkpoint.json";
// All file names of a checkpoint folder.
std::vector<std::string> CheckpointFileNames();

// `path`: the folder or its weights file. NotFound, DataLoss,
// FailedPrecondition (newer version).
absl::StatusOr<CheckpointInfo> ReadCheckpointInfo(const std::string& path);

// SHA-256 of the description, which contains the hashes of the other files.
absl::StatusOr<std::string> CheckpointFingerprint(const std::string& path);

// Reads a checkpoint in full, as a training or a predictor does, and checks it:
// sizes and checksums of its files, names and shapes of its tensors against its
// settings, and that all numbers are finite. The errors of ReadCheckpointInfo;
// DataLoss names the file and the tensor.
absl::StatusOr<CheckpointInfo> CheckWeights(const std::string& path);
// The same, and the resume state if the checkpoint has one.
absl::Status CheckWholeCheckpoint(const std::string& path);

// Can a training with `model` start from the weights of `info`? Only cycles and
// supervision steps may differ; FailedPrecondition names another difference
// with both values.
absl::Status CheckSameNetwork(const CheckpointInfo& info,
                              const ModelOptions& model);

// Removes the resume state. Does nothing if there is no checkpoint.
absl::Status DropResumeState(const std::string& path);

// Is there a checkpoint in the folder `dir`, on disk or in memory?
bool HasCheckpoint(const std::string& dir);
// Is the checkpoint `dir` in the memory of this process only, because no disk
// had room (TrainSpec::keep_in_memory)? All functions here read it like a
// checkpoint on disk.
bool IsOnlyInMemory(const std::string& dir);
void ForgetCheckpointsInMemory();

struct ExportOptions {
  // Keeps one embedding row, the mean of all, and drops the embedding index.
  // New tasks can start from this small checkpoint.
  bool mean_row = false;
};
// Writes a checkpoint folder with the weights of `path`, without resume state.
// The record of its training data stays.
absl::Status ExportCheckpoint(const std::string& path, const std::string& out,
                              const ExportOptions& options);

// Writes a checkpoint folder with the mean weights and embedding rows of the
// checkpoints `paths` (at least one; float64 sums). All must have the same
// network and the same embedding index; InvalidArgument names the first
// difference. Settings, index and step come from the last checkpoint, the
// record of training data from all.
absl::Status AverageCheckpoints(const std::vector<std::string>& paths,
                                const std::string& out);

// Does the file at `path` begin like a weights file of torch.save or
// safetensors? Reads only its beginning.
bool LooksLikeWeights(const std::string& path);

// Settings, size, embedding index and provenance of a checkpoint, as text for
// people or as one JSON document. For a weights file outside a checkpoint
// (text only): its weight sets, and how to import them.
absl::StatusOr<std::string> CheckpointInfoText(const std::string& path,
                                               bool json);

}  // namespace arctrm
