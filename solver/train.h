// SPDX-License-Identifier: MIT
// Training a model on a dataset until a reason to stop. No Torch here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "augment/dataset.h"
#include "base/clock.h"
#include "base/log.h"
#include "solver/options.h"
#include "solver/predictor.h"

namespace arctrm {

// The state of a training run after an optimiser step. Losses and metrics are
// means since the callback before; metrics count rows that halted.
struct TrainStats {
  int64_t step = 0;           // optimiser steps done
  double time_s = 0;          // training time so far, earlier parts included
  double loss = 0;            // lm_loss + halt_loss_weight * q_halt_loss, a row
  double lm_loss = 0;         // stablemax cross-entropy, per row
  double q_halt_loss = 0;     // per row
  double accuracy = 0;        // share of right tokens
  double exact_accuracy = 0;  // share of rows all right
  double q_halt_accuracy = 0;
  double steps = 0;          // supervision steps until halted
  int64_t halted_rows = 0;   // rows these metrics rest on
  double learning_rate = 0;  // after warm-up
  double steps_per_s = 0;    // over the last seconds
  int64_t row_updates = 0;   // embedding-row updates in all: steps x batch
};

enum class TrainStop { kSteps, kDeadline, kSignal, kCallback };
const char* TrainStopName(TrainStop stop);

struct TrainRequest {
  const Dataset* dataset = nullptr;
  ModelOptions model;  // canvas_side must be the dataset's
  TrainOptions train;
  DeviceOptions device;
  uint64_t seed = 0;
  // Weights to start from; "" for none. Its model options must equal `model`
  // (FailedPrecondition names the first that doesn't).
  std::string checkpoint;
  // Checkpoint folder to write, replaced whole at each save. "" writes none.
  std::string out;
  // Continue from `out`; NotFound when it holds no resume state, and
  // FailedPrecondition when its settings or dataset differ.
  bool resume = false;
  int64_t max_steps = 0;  // 0: no limit
  Deadline deadline;
  // Called after every step (a device synchronisation each `stats_every`
  // steps only; between them with the last known losses). false stops.
  std::function<bool(const TrainStats&)> on_step;
  int stats_every = 1;
  Log* log = nullptr;
};

struct TrainResult {
  TrainStop stop = TrainStop::kSteps;
  int64_t steps = 0;
  double time_s = 0;  // of this call
  double steps_per_s = 0;
  double final_save_s = 0;  // what the last save cost
};

// Trains, saves at intervals and at every stop.
absl::StatusOr<TrainResult> Train(const TrainRequest& request);

// Seconds one optimiser step takes on this device for this model: a few timed
// steps after one warm-up step, at most about `budget_s` seconds.
absl::StatusOr<double> MeasureStepSeconds(const Dataset& dataset,
                                          const ModelOptions& model,
                                          const TrainOptions& train,
                                          const DeviceOptions& device,
                                          double budget_s);

// "NVIDIA H200 (139 GiB), bf16" or "CPU, 2 threads, float32"; InvalidArgument
// for a device that isn't there.
absl::StatusOr<std::string> DescribeDevice(const DeviceOptions& device,
                                           const TrainOptions& train);

}  // namespace arctrm
