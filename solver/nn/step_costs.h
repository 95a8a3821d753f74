// SPDX-License-Identifier: MIT
// The costs of a supervision step on a device, measured there. Window sizes and
// batches are chosen by them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "solver/device/step_recorder.h"
#include "solver/device/torch.h"
#include "solver/options.h"

namespace arctrm::internal {

struct StepCosts {
  // Seconds of a size bucket beside its products, whatever its size: for
  // starting hundreds of operations. 0 on a CPU, where operations run on the
  // thread that starts them.
  double bucket_s = 0;
  // The same of a plain step; equal unless `recorded`.
  double plain_s = 0;
  // Seconds of a multiplication with addition in a large matrix product.
  double product_s = 0;
  // Does bucket_s hold for recorded steps? Otherwise plain ones are as fast, or
  // steps are not recorded.
  bool recorded = false;
};

// Measures `prepare()`, a step with few products. Also measures it recorded if
// `recorder` is not empty; the shorter time counts. Later calls for the same
// device, dtype, kind of step and network return the first result. All 0 on a
// CPU. Throws LibTorch's exceptions.
StepCosts MeasureStepCosts(
    at::Device device, at::ScalarType dtype, const std::string& kind,
    const ModelOptions& model, const RecorderFactory& recorder,
    const std::function<std::function<void()>()>& prepare);

// Multiplications of a supervision step of one batch row with a window of
// `cells` cells, about: forward, or forward and backward.
double StepProducts(const ModelOptions& model, int64_t cells, bool backward);

// The number of tokens of whole canvases whose products, forward, take as long
// as the rest of a size bucket whose shape occurs once: with recordings, some
// of its supervision steps are plain.
double TokensOfBucketCost(const ModelOptions& model, const StepCosts& costs);

}  // namespace arctrm::internal
