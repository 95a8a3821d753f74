// SPDX-License-Identifier: MIT
// Estimates the memory of a training step on a CPU. Free of LibTorch.
#pragma once

#include <cstdint>

#include "augment/dataset.h"
#include "solver/options.h"

namespace arctrm {

// Peak bytes of a process that trains this network on `dataset` with `threads`
// threads: the program, weights with gradients and optimiser state, embedding
// rows, the carry, and activations kept for the backward pass. Assumes that
// tasks are drawn evenly. Measured errors: 1 % too low to 22 % too high
// (docs/RESULTS.md).
int64_t EstimateTrainingBytes(const Dataset& dataset, const ModelOptions& model,
                              const TrainOptions& train, int threads);

}  // namespace arctrm
