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

// What a training consists of: what was asked for, what changes, what computes.
struct Training {
  // `asked` with train.fit_canvas and train.canvas_step decided.
  Training(TrainRequest asked, at::Device device, at::ScalarType forward_dtype,
           std::unique_ptr<Collective> collective,
           const RecorderFactory& recorder);

  // A predictor over state.AnswerWeights() and the embedding rows as they are
  // now, on the executor's threads: no step may run while it predicts.
  std::unique_ptr<Predictor> MakePredictor() const;

  const TrainRequest request;
  Log* const log;  // null but on rank 0
  TrainState state;
  Executor executor;
};

// One optimiser step: rows that halted take new examples, all rows take one
// supervision step, then sign-SGD on their embedding rows, AdamATan2 on the
// network and the moving average of its weights. `progress`: the part of the
// run that is done, 0 to 1, for schedules. Adds to `sums`.
//
// All processes of a group call it with the same arguments. false: `abort`
// passed or a signal came in the middle, and the state is unchanged; only a
// single process on a CPU stops there. Throws LibTorch's exceptions and
// RankLost.
bool TrainStep(Training& training, double progress, StepSums& sums,
               const Deadline& abort = {});

// Draws and encodes examples for the next steps, a batch of them at most. It
// changes no result. TrainStep does it itself where it would otherwise wait for
// a device.
void DrawAhead(Training& training);

// Adds the sums of all processes, which all call this before they are read.
void ReduceSums(const Training& training, StepSums& sums);

}  // namespace arctrm::internal
