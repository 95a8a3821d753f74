// SPDX-License-Identifier: MIT
// Checks whether a training on a CPU fits into memory. Runs before any work: a
// machine without free memory may end other programs.
#pragma once

#include "absl/status/status.h"
#include "augment/dataset.h"
#include "solver/options.h"

namespace arctrm {

// FailedPrecondition names the needed and the available memory and, if there is
// one, a train.batch that fits. `threads` 0 means all threads of the machine.
absl::Status CheckMemory(const Dataset& dataset, const ModelOptions& model,
                         const TrainOptions& train, int threads);

// The largest batch that fits into memory: train.batch, a half, a quarter and
// so on, but at least `least`; 0 if none fits.
int BatchForMemory(const Dataset& dataset, const ModelOptions& model,
                   const TrainOptions& train, int threads, int least);

}  // namespace arctrm
