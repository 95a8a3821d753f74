// SPDX-License-Identifier: MIT
#include "solver/step_memory.h"

#include <algorithm>
#include <map>
#include <vector>

#include "augment/task_window.h"

namespace arctrm {
namespace {

constexpr double kFloat = 4;  // bytes
constexpr double kLong = 8;   // bytes
// The program, its libraries and its input.
constexpr double kProgramBytes = 330e6;
// Margin for random batches, which are less even than the tasks.
constexpr double kUneven = 1.25;

// Floats that one position keeps for the backward pass. Each block keeps its
// input, q, k and v before and after rotation, the attended values twice, the
// norms and products around them, and three times the inner width of SwiGLU.
double FloatsKept(const ModelOptions& model) {
  constexpr double kWidths = 11;
  constexpr double kInner = 3;
  const int updates = model.hrm() ? 2 : model.l_cycles + 1;
  double block = kWidths * model.hidden + kInner * model.inner();
  if (model.mixer) block += kInner * model.mixer_inner();
  return static_cast<double>(updates) * model.layers * block;
}

// Positions computed at the same time: each thread computes one size bucket.
double PositionsInWork(const Dataset& dataset, const ModelOptions& model,
                       const TrainOptions& train, int threads) {
  const double batch = train.batch;
  const double prefix = model.puzzle_prefix;
  const double whole = prefix + model.num_cells();
  const bool fits = train.fit_canvas == "auto"
                        ? dataset.has_ids() && !model.mixer
                        : train.FittedStep() > 0;
  if (!fits || dataset.tasks.empty()) return batch * whole;
  const int step = std::max(1, train.canvas_step);
  std::map<int, double> rows;  // by cells
  const double each = batch / static_cast<double>(dataset.tasks.size());
  double total = 0;
  for (const DatasetTask& task : dataset.tasks) {
    const int cells =
        TaskWindow(task.pairs, task.test_inputs, dataset.canvas.side, step)
            .cells();
    rows[cells] += each;
    total += each * (prefix + cells);
  }
  double largest = 0;
  for (const auto& [cells, count] : rows) {
    largest =
        std::max(largest, std::max(1.0, kUneven * count) * (prefix + cells));
  }
  return std::min(batch * whole,
                  std::min(largest * std::max(1, threads), kUneven * total));
}

}  // namespace

int64_t EstimateTrainingBytes(const Dataset& dataset, const ModelOptions& model,
                              const TrainOptions& train, int threads) {
  const double slices = std::min<double>(std::max(1, threads), train.batch);
  const double width = train.precision == "bf16" ? 2 : kFloat;
  // Weights, their average, two moments; packed and transposed weights; and
  // gradients of each slice.
  const double weights =
      static_cast<double>(model.num_parameters()) * kFloat * (6 + 2 * slices);
  // The embedding rows, and a copy while they are saved.
  const double table =
      2 * kFloat * static_cast<double>(dataset.num_ids()) * model.hidden;
  const double positions = model.num_positions();
  const double carry = train.batch * (positions * model.hidden * width * 4 +
                                      model.num_cells() * kLong * 6);
  const double kept = width * FloatsKept(model) *
                      PositionsInWork(dataset, model, train, threads);
  return static_cast<int64_t>(kProgramBytes + weights + table + carry + kept);
}

}  // namespace arctrm
