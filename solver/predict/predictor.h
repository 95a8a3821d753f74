// SPDX-License-Identifier: MIT
// A predictor over a model in memory.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "solver/device/batch_thread_pool.h"
#include "solver/device/step_recorder.h"
#include "solver/device/torch.h"
#include "solver/nn/model.h"
#include "solver/nn/step_costs.h"
#include "solver/predictor.h"

namespace arctrm::internal {

enum class RolloutChoice { kConfidence, kAgreement };

// Chooses one of at least one answers to an input (PredictorOptions). With the
// `size` of its canvas, the best answer with another grid becomes the second
// answer.
PredictorOutput ChooseRollout(std::vector<PredictorOutput> answers,
                              RolloutChoice choice, GridSize size = {});

// How a predictor uses its device.
struct DeviceUse {
  // Records steps; empty: none.
  RecorderFactory recorder;
  // Of the model's steps; nullopt: measured.
  std::optional<StepCosts> costs;
};

// `table`: embedding rows (num_ids, D) on the model's device. `canvas_step` as
// in Predictor. Ignores options.device, fit_canvas and graphs. `workers`:
// threads that are idle while it predicts; null: its own.
std::unique_ptr<Predictor> MakePredictor(
    std::unique_ptr<Model> model, Tensor table, int canvas_step,
    const PredictorOptions& options, std::shared_ptr<BatchThreadPool> workers,
    const DeviceUse& use = {});

}  // namespace arctrm::internal
