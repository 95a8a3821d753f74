// SPDX-License-Identifier: MIT
// The choice of train.canvas_step. Larger steps of the window sizes make fewer,
// larger size buckets, but more padding cells.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "augment/dataset.h"
#include "solver/device/step_recorder.h"
#include "solver/device/torch.h"
#include "solver/nn/step_costs.h"
#include "solver/options.h"

namespace arctrm::internal {

// The window sizes of a dataset with canvas_step 1, each with its expected
// share of the batch rows. The shares sum to 1.
std::map<GridSize, double> WindowShares(const Dataset& dataset,
                                        int pairs_per_visit);

// The step, 1 to `canvas_side`, with the least expected time for a training
// step of `rows` batch rows: a fixed time for each size bucket and the products
// of all tokens, including masked rows of recorded buckets. The smallest of
// equal steps, so 1 where size buckets cost nothing, as on a CPU.
// `products(cells)`: multiplications of one batch row.
int ChooseCanvasStep(const std::map<GridSize, double>& shares, int canvas_side,
                     int64_t rows, const StepCosts& costs,
                     const std::function<double(int64_t)>& products);

// The costs of a training step of `model`, forward and backward.
StepCosts MeasureTrainingCosts(const ModelOptions& model,
                               const TrainOptions& train, at::Device device,
                               at::ScalarType dtype,
                               const RecorderFactory& recorder);

}  // namespace arctrm::internal
