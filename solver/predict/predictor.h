// SPDX-License-Identifier: MIT
// A predictor over a model that is in memory.
#pragma once

#include <memory>
#include <vector>

#include "solver/device/batch_thread_pool.h"
#include "solver/device/torch.h"
#include "solver/nn/model.h"
#include "solver/predictor.h"

namespace arctrm::internal {

// PredictorOptions::rollout_choice of some answers to one input, at least one.
// With the `size` of its canvas the best of those that give another grid
// becomes the second answer.
PredictorOutput ChooseRollout(std::vector<PredictorOutput> answers,
                              bool by_agreement, GridSize size = {});

// `table` (num_ids, D) on the model's device. `canvas_step`: Predictor's.
// options.device and fit_canvas are not looked at.
// `workers`: those of a trainer that does nothing meanwhile; null: its own.
std::unique_ptr<Predictor> MakePredictor(
    std::unique_ptr<Model> model, Tensor table, int canvas_step,
    const PredictorOptions& options, std::shared_ptr<BatchThreadPool> workers);

}  // namespace arctrm::internal
