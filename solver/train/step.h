// SPDX-License-Identifier: MIT
// One optimiser step.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "solver/train.h"
#include "solver/train/executor.h"
#include "solver/train/state.h"
#include "solver/train/step_stats.h"

namespace arctrm::internal {

// A training: its request, its state and its executor.
struct Training {
  // `asked` has final values of train.fit_canvas and train.canvas_step.
  Training(TrainRequest asked, at::Device device, at::ScalarType forward_dtype,
           std::unique_ptr<Collective> collective,
           const RecorderFactory& recorder);

  // A predictor over the present state.AnswerWeights() and embedding rows. It
  // uses the executor's threads: no step may run while it predicts.
  std::unique_ptr<Predictor> MakePredictor() const;

  const TrainRequest request;
  Log* const log;  // null except on rank 0
  TrainState state;
  Executor executor;
};

// One optimiser step: halted batch rows take new examples, all batch rows take
// one supervision step; then it updates embedding rows (sign-SGD), network
// (AdamATan2) and average. `progress`: the completed part of the training, 0 to
// 1, for schedules. Adds the metrics of all processes to `sums` and sends them
// to the host.
//
// All processes of a group call it with the same arguments. false: interrupted
// by `abort` or a signal, with unchanged state; this happens only in a single
// process on a CPU. Throws LibTorch's exceptions and RankLost.
bool TrainStep(Training& training, double progress, StepSums& sums,
               const Deadline& abort = {});

// Draws and encodes up to one batch of examples for later steps, without
// changing results. TrainStep calls it while a device computes.
void DrawAhead(Training& training);

}  // namespace arctrm::internal
