// SPDX-License-Identifier: MIT
// What stands in a checkpoint beside its weights. Readable without LibTorch.
// Files (docs/formats.md): model.safetensors, checkpoint.json, ids.zst and,
// while training can go on, resume.safetensors.
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
  std::vector<TrainedTask> trained;  // what these weights have seen, ever
  // Which run they are the state of, as TrainRequest::run names it; "" for
  // weights of no run: exported ones, and those of earlier versions.
  std::string run;
};

// Is `name` that of a file of a checkpoint folder?
bool IsCheckpointName(absl::string_view name);
// The file that makes a folder a checkpoint of arctrm.
inline constexpr char kCheckpointMark[] = "checkpoint.json";
// Their names.
std::vector<std::string> CheckpointFileNames();

// `path`: the folder or its weights file. NotFound, DataLoss,
// FailedPrecondition (newer version).
absl::StatusOr<CheckpointInfo> ReadCheckpointInfo(const std::string& path);

// SHA-256 of the description, which holds those of the other files.
absl::StatusOr<std::string> CheckpointFingerprint(const std::string& path);

// Reads everything of a checkpoint that a training can start from or a
// predictor answer with, as they do: sizes and checksums of its files, names
// and shapes of its tensors against its settings, and that all numbers are
// finite. The errors of ReadCheckpointInfo, DataLoss naming the file and the
// tensor.
absl::StatusOr<CheckpointInfo> CheckWeights(const std::string& path);
// The same, and the state that a training goes on from, where there is one.
absl::Status CheckWholeCheckpoint(const std::string& path);

// Can a training with `model` start from the weights of `info`? Cycles and
// supervision steps may differ, other settings not: FailedPrecondition with
// both values.
absl::Status CheckSameNetwork(const CheckpointInfo& info,
                              const ModelOptions& model);

// Removes what only a resumed training needs; nothing where there is no
// checkpoint.
absl::Status DropResumeState(const std::string& path);

// Is there a checkpoint in the folder `dir`, on disk or in memory?
bool HasCheckpoint(const std::string& dir);
// Does this process alone have the checkpoint `dir`, for which no disk had room
// (TrainRequest::keep_in_memory)? Everything here that reads one finds it.
bool IsOnlyInMemory(const std::string& dir);
void ForgetCheckpointsInMemory();

struct ExportOptions {
  // Keep one embedding row, the mean of all, and forget which row was whose:
  // the small file that new tasks start from.
  bool mean_row = false;
};
// Writes a checkpoint folder with the weights of `path` and nothing that only a
// resumed training needs. What it was trained on stays recorded.
absl::Status ExportCheckpoint(const std::string& path, const std::string& out,
                              const ExportOptions& options);

// Writes a checkpoint folder whose weights and embedding rows are the means of
// those of `paths` (at least one; float64 sums). All must have the same network
// and the same rows, InvalidArgument says where one differs; settings, ids and
// step are the last one's, what was trained on is what any of them was.
absl::Status AverageCheckpoints(const std::vector<std::string>& paths,
                                const std::string& out);

// Is the file at `path` one of weights, as torch.save or safetensors write
// them? A glance.
bool LooksLikeWeights(const std::string& path);

// For people (or one JSON document): settings, size, ids, provenance. Of a file
// that is no part of a checkpoint, for people: the weights in it, and how to
// import them.
absl::StatusOr<std::string> CheckpointInfoText(const std::string& path,
                                               bool json);

}  // namespace arctrm
