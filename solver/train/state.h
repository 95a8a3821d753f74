// SPDX-License-Identifier: MIT
// Everything that training changes from step to step. TrainRequest holds the
// fixed settings, Executor computes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "augment/leak_guard.h"
#include "base/random.h"
#include "solver/device/batch_thread_pool.h"
#include "solver/device/torch.h"
#include "solver/device/transfer.h"
#include "solver/embedding_index.h"
#include "solver/nn/act.h"
#include "solver/nn/model.h"
#include "solver/train.h"
#include "solver/train/example_queue.h"
#include "solver/train/loss_scale.h"
#include "solver/train/optimizers.h"

namespace arctrm::internal {

// The embedding rows, one vector per (task, augmentation).
struct EmbeddingTable {
  EmbeddingIndex index;
  Tensor rows;                   // (num_ids, D) float32, on the model's device
  std::vector<int64_t> updates;  // optimiser updates of each embedding row
};

// The current batch.
struct BatchState {
  BatchState(const TrainRequest& request, Slice own_slice, const Model& model);

  // The batch rows that this process computes.
  Slice slice;
  // The carry of the slice.
  Carry carry;
  // (batch) bool: batch rows that halted in the last step.
  HostCopy halted;
  // (batch) int64 on the CPU: embedding row of each batch row.
  Tensor ids;
  // (batch, 4) int64 on the CPU: rows, columns, first row, first column of each
  // window.
  Tensor windows;
  // (2, slice, cells) uint8 on the CPU: inputs and labels of new examples.
  Tensor fresh;
  ExampleQueue examples;
  Random exploration;
};

struct TrainCounters {
  int64_t step = 0;  // optimiser steps of this training
  int64_t rows_only_steps =
      0;  // of these, steps that updated no network weight
  // Learning rate of the network in the last step; 0 while only embedding rows
  // learn.
  double learning_rate = 0;
  // Seconds of this training before the resume.
  double earlier_time_s = 0;
};

// The start weights.
struct TrainOrigin {
  // Optimiser steps and seconds of all earlier trainings of the start weights.
  int64_t steps = 0;
  double time_s = 0;
  // Their CheckpointFingerprint(), "" for none; nullopt if a resumed state does
  // not contain it.
  std::optional<std::string> fingerprint = "";
  std::string run;  // CheckpointInfo::run
};

// The best evaluation so far.
struct BestScore {
  HeldOutScore score;
  int64_t step = 0;  // 0: none yet
};

struct TrainState {
  // Fresh weights, and an empty table of embedding rows.
  TrainState(const TrainRequest& request, Slice slice, at::Device device,
             at::ScalarType forward_dtype);

  // The average, or the model's weights without an average: like model.flat().
  const Tensor& AnswerWeights() const;
  // Are all weights and embedding rows finite? Waits for the device.
  bool AllWeightsFinite() const;

  std::unique_ptr<Model> model;
  EmbeddingTable embeddings;
  AdamAtan2 optimizer;
  Tensor average;  // like model.flat(); undefined with train.ema = 0
  BatchState batch;
  LossScale loss_scale;
  TrainCounters counters;
  TrainOrigin origin;
  BestScore best;
  std::vector<TrainedTask> trained;  // tasks that the weights have seen
};

}  // namespace arctrm::internal
