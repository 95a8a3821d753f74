// SPDX-License-Identifier: MIT
#include "solver/train/canvas_step.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "augment/dihedral.h"
#include "augment/task_window.h"
#include "base/random.h"
#include "base/status.h"
#include "solver/device/recorded_steps.h"
#include "solver/nn/model.h"
#include "solver/train/graph_cache.h"

namespace arctrm::internal {
namespace {

// The window with `step` whose window with step 1 is `size`.
GridSize Rounded(GridSize size, int step, int canvas_side) {
  const auto round = [&](int side) {
    return std::min((side + step - 1) / step * step, canvas_side);
  };
  return {round(size.rows), round(size.cols)};
}

// Expected seconds of a training step.
double ExpectedSeconds(const std::map<GridSize, double>& shares, int64_t rows,
                       const StepCosts& costs,
                       const std::function<double(int64_t)>& products) {
  double seconds = 0;
  for (const auto& [size, share] : shares) {
    // The probability that a batch has this size, and the expected batch rows
    // of its size bucket.
    const double present = 1 - std::pow(1 - share, static_cast<double>(rows));
    double in_bucket = share * static_cast<double>(rows) / present;
    if (costs.recorded) {
      in_bucket = static_cast<double>(
          PaddedRows(static_cast<int64_t>(std::ceil(in_bucket)), rows));
    }
    seconds += present * (costs.bucket_s +
                          in_bucket * products(size.cells()) * costs.product_s);
  }
  return seconds;
}

}  // namespace

std::map<GridSize, double> WindowShares(const Dataset& dataset,
                                        int pairs_per_visit) {
  std::map<GridSize, double> shares;
  double sum = 0;
  for (const DatasetTask& task : dataset.tasks) {
    const GridSize size = TaskWindow(task.pairs, task.test_inputs,
                                     dataset.canvas.side, /*step=*/1);
    const auto pairs = static_cast<double>(task.pairs.size());
    const double weight =
        pairs_per_visit > 0 ? std::min<double>(pairs, pairs_per_visit) : pairs;
    const auto all = static_cast<double>(task.augmentations.size());
    const auto transposed = static_cast<double>(
        std::count_if(task.augmentations.begin(), task.augmentations.end(),
                      [](const Augmentation& augmentation) {
                        return Transposes(augmentation.dihedral);
                      }));
    sum += weight;
    if (transposed < all) shares[size] += weight * (1 - transposed / all);
    if (transposed > 0) {
      shares[size.Transposed()] += weight * transposed / all;
    }
  }
  for (auto& [size, share] : shares) share /= sum;
  return shares;
}

int ChooseCanvasStep(const std::map<GridSize, double>& shares, int canvas_side,
                     int64_t rows, const StepCosts& costs,
                     const std::function<double(int64_t)>& products) {
  if (costs.bucket_s <= 0) return 1;
  int best = 1;
  double least = std::numeric_limits<double>::infinity();
  for (int step = 1; step <= canvas_side; ++step) {
    std::map<GridSize, double> rounded;
    for (const auto& [size, share] : shares) {
      rounded[Rounded(size, step, canvas_side)] += share;
    }
    const double seconds = ExpectedSeconds(rounded, rows, costs, products);
    if (seconds >= least) continue;
    least = seconds;
    best = step;
  }
  return best;
}

StepCosts MeasureTrainingCosts(const ModelOptions& model,
                               const TrainOptions& train, at::Device device,
                               at::ScalarType dtype,
                               const RecorderFactory& recorder) {
  return MeasureStepCosts(
      device, dtype, "training", model, recorder,
      [&]() -> std::function<void()> {
        Random random(0, "step costs");
        const auto network =
            std::make_shared<Model>(model, device, dtype, random);
        const auto longs = at::device(device).dtype(at::kLong);
        const auto input = std::make_shared<BucketInput>();
        Carry& carry = input->carry;
        carry.latents = network->StartLatents(1, 1);
        carry.steps = at::zeros({1}, longs);
        carry.current.tokens = at::full({1, 1}, kFirstColorToken, longs);
        carry.current.labels = carry.current.tokens;
        carry.current.windows = {{1, 1}, at::zeros({1, 2}, longs)};
        input->embedding_rows =
            at::zeros({1, model.hidden}, at::device(device).dtype(at::kFloat));
        input->divisor = at::ones({}, at::device(device).dtype(at::kDouble));
        return [network, input, loss = LossOptions(train)] {
          StepBucket(*network, loss, *input);
        };
      });
}

}  // namespace arctrm::internal
