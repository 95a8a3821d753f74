// SPDX-License-Identifier: MIT
#include "solver/train/step_stats.h"

#include <vector>

namespace arctrm::internal {

Tensor PackMetrics(const MetricValues<Tensor>& metrics) {
  std::vector<Tensor> values;
  VisitMetrics(metrics, [&values](const Tensor& value) {
    values.push_back(value.detach().to(at::kDouble));
  });
  return at::stack(values);
}

Tensor PackMetrics(const StepMetrics& metrics) {
  std::vector<double> values;
  VisitMetrics(metrics, [&values](double value) { values.push_back(value); });
  return at::tensor(values, at::kDouble);
}

StepMetrics UnpackMetrics(const Tensor& packed) {
  const Tensor host = packed.to(at::kCPU).contiguous();
  const double* next = host.const_data_ptr<double>();
  StepMetrics metrics;
  VisitMetrics(metrics, [&next](double& value) { value = *next++; });
  return metrics;
}

void ReadSums(StepSums& sums, const TrainOptions& train, TrainStats& stats) {
  if (sums.optimizer_steps == 0) return;
  const StepMetrics sum = UnpackMetrics(sums.sent.Wait());
  const double batch_rows =
      static_cast<double>(sums.optimizer_steps) * train.batch;
  stats.lm_loss = sum.lm_loss / batch_rows;
  stats.q_halt_loss = sum.q_halt_loss / batch_rows;
  stats.q_continue_loss = sum.q_continue_loss / batch_rows;
  stats.loss = stats.lm_loss + train.halt_loss_weight *
                                   (stats.q_halt_loss + stats.q_continue_loss);
  stats.halted_rows = static_cast<int64_t>(sum.halted_rows);
  // Metrics keep their last values if no batch row halted.
  if (stats.halted_rows == 0) return;
  stats.accuracy = sum.accuracy / sum.halted_rows;
  stats.exact_accuracy = sum.exact_accuracy / sum.halted_rows;
  stats.q_halt_accuracy = sum.q_halt_accuracy / sum.halted_rows;
  stats.steps = sum.supervision_steps / sum.halted_rows;
}

}  // namespace arctrm::internal
