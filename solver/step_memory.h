// SPDX-License-Identifier: MIT
// How much memory a training step on a CPU takes, known before it is taken. No
// Torch here.
#pragma once

#include <cstdint>

#include "augment/dataset.h"
#include "solver/options.h"

namespace arctrm {

// Bytes that a process occupies at its peak while it trains this network on
// `dataset` with `threads` threads: the program, weights with their gradients
// and the optimiser's state, embedding rows, the carry, and what the pass with
// gradient keeps for its way back. An estimate: 1 % too low to 22 % too high
// where it was measured (docs/RESULTS.md). Sizes of canvases are those of the
// tasks, evenly drawn.
int64_t EstimateTrainingBytes(const Dataset& dataset, const ModelOptions& model,
                              const TrainOptions& train, int threads);

}  // namespace arctrm
