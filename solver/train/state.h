// SPDX-License-Identifier: MIT
// Everything that training changes from step to step. What is fixed stands in
// the TrainRequest, what computes in the Executor.
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

// The embedding rows: one vector for each (task, augmentation).
struct EmbeddingTable {
  EmbeddingIndex index;
  Tensor rows;                   // (num_ids, D) float32, on the model's device
  std::vector<int64_t> updates;  // by id: optimiser updates of each row
};

// The examples that are in work.
struct BatchState {
  BatchState(const TrainRequest& request, Slice own_slice, const Model& model);

  // The part of the batch that this process computes.
  Slice slice;
  // Of the slice.
  Carry carry;
  // (batch) bool: which rows of the whole batch halted in the last step.
  HostCopy halted;
  // (batch) int64 on the CPU: embedding ids of the whole batch.
  Tensor ids;
  // (batch, 4) int64 on the CPU: rows, columns, first row, first column.
  Tensor windows;
  // (2, slice, cells) uint8 on the CPU: inputs and labels of new examples.
  Tensor fresh;
  ExampleQueue examples;
  Random exploration;
};

struct TrainCounters {
  int64_t step = 0;             // optimiser steps of this training
  int64_t rows_only_steps = 0;  // of those, steps that left the network alone
  // Learning rate of the network in the last step; 0 while only rows learn.
  double learning_rate = 0;
  // Training time of this training before it was resumed, in seconds.
  double earlier_time_s = 0;
};

// What the weights come from.
struct TrainOrigin {
  // Of the weights that this training started from: optimiser steps and seconds
  // of all trainings before.
  int64_t steps = 0;
  double time_s = 0;
  // Their CheckpointFingerprint(), "" for none; nullopt where a resumed state
  // does not tell.
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

  // The averaged weights, or the model's own without EMA: like model.flat().
  const Tensor& AnswerWeights() const;
  // Are all weights and embedding rows finite? Waits for the device.
  bool IsFinite() const;

  std::unique_ptr<Model> model;
  EmbeddingTable embeddings;
  AdamAtan2 optimizer;
  Tensor average;  // like model.flat(); undefined without EMA
  BatchState batch;
  LossScale loss_scale;
  TrainCounters counters;
  TrainOrigin origin;
  BestScore best;
  std::vector<TrainedTask> trained;  // tasks that the weights have seen
};

}  // namespace arctrm::internal
