// SPDX-License-Identifier: MIT
// What optimiser steps tell about themselves: sums that stay on the device, and
// their way to the means of TrainStats.
#pragma once

#include "solver/internal/torch.h"
#include "solver/internal/transfer.h"
#include "solver/train.h"

namespace arctrm::internal {

// Sums over optimiser steps, on the device until read; of this rank's rows
// until they are reduced. Steps that were skipped do not count.
struct StepSums {
  // lm_loss, q_halt_loss, q_continue_loss, count, accuracy, exact,
  // q_halt_accuracy, steps.
  Tensor sums;  // (8) float64
  int64_t optimizer_steps = 0;
};

// Reads sums into stats. The device must not run out of work meanwhile, so what
// is read of one is what was given a call earlier: by then it has arrived.
class StatsReader {
 public:
  // `late`: read a call later; else at once.
  StatsReader(const TrainOptions& train, bool late)
      : halt_loss_weight_(train.halt_loss_weight),
        batch_(train.batch),
        late_(late) {}

  // Takes `sums`; writes the losses and metrics that were given before them,
  // or theirs where the very first must not leave stats empty. Sums of no step
  // leave stats as they are.
  void Read(const StepSums& sums, TrainStats& stats);
  // Writes those still on their way; waits for the device.
  void Finish(TrainStats& stats);

 private:
  double halt_loss_weight_;
  int64_t batch_;
  bool late_;
  bool any_ = false;  // read so far
  HostCopy copy_;
  int64_t steps_ = 0;  // optimiser steps on their way
};

}  // namespace arctrm::internal
