// SPDX-License-Identifier: MIT
// Is there memory for a training on this processor? Asked before work begins: a
// machine that runs out of memory may end other programs, or itself.
#pragma once

#include "absl/status/status.h"
#include "augment/dataset.h"
#include "solver/options.h"

namespace arctrm {

// FailedPrecondition with what a step takes, what is available, and a
// train.batch that fits, where there is one. `threads` 0: all of the machine.
absl::Status CheckMemory(const Dataset& dataset, const ModelOptions& model,
                         const TrainOptions& train, int threads);

// The largest batch among train.batch, its half, and so on down to `least` that
// there is memory for; 0 where there is for none.
int BatchForMemory(const Dataset& dataset, const ModelOptions& model,
                   const TrainOptions& train, int threads, int least);

}  // namespace arctrm
