// SPDX-License-Identifier: MIT
// What optimiser steps tell about themselves: sums that stay on the device
// until they are read, as the means of TrainStats.
#pragma once

#include "solver/device/torch.h"
#include "solver/device/transfer.h"
#include "solver/train.h"

namespace arctrm::internal {

// Sums over optimiser steps, on the device; of this rank's rows until they are
// reduced. Steps that were skipped do not count.
struct StepSums {
  // lm_loss, q_halt_loss, q_continue_loss, count, accuracy, exact,
  // q_halt_accuracy, steps.
  Tensor sums;  // (8) float64
  int64_t optimizer_steps = 0;
  // `sums` on their way: sent where they are known, not where they are read, so
  // that the device need not end all its work first.
  HostCopy sent;

  // Of one step more.
  void Add(const Tensor& now) { sums = sums.defined() ? sums + now : now; }
  void Send() { sent.Start(sums); }
};

// Means of what was sent into `stats`; waits until it is there. Sums of no step
// leave stats as they are.
void ReadSums(StepSums& sums, const TrainOptions& train, TrainStats& stats);

}  // namespace arctrm::internal
