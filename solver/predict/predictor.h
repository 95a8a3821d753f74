// SPDX-License-Identifier: MIT
// A predictor over a model in memory.
#pragma once

#include <memory>
#include <vector>

#include "solver/device/batch_thread_pool.h"
#include "solver/device/torch.h"
#include "solver/nn/model.h"
#include "solver/predictor.h"

namespace arctrm::internal {

enum class RolloutChoice { kConfidence, kAgreement };

// Chooses one of at least one answers to an input (PredictorOptions). With the
// `size` of its canvas, the best answer with another grid becomes the second
// answer.
PredictorOutput ChooseRollout(std::vector<PredictorOutput> answers,
                              RolloutChoice choice, GridSize size = {});

// `table`: embedding rows (num_ids, D) on the model's device. `canvas_step` as
// in Predictor. Ignores options.device and fit_canvas. `workers`: threads that
// are idle while it predicts; null: its own.
std::unique_ptr<Predictor> MakePredictor(
    std::unique_ptr<Model> model, Tensor table, int canvas_step,
    const PredictorOptions& options, std::shared_ptr<BatchThreadPool> workers);

}  // namespace arctrm::internal
