// SPDX-License-Identifier: MIT
#include "solver/train/step_stats.h"

namespace arctrm::internal {

void ReadSums(StepSums& sums, const TrainOptions& train, TrainStats& stats) {
  if (sums.optimizer_steps == 0) return;
  const Tensor host = sums.sent.Wait().contiguous();
  const double* s = host.const_data_ptr<double>();
  const double rows = static_cast<double>(sums.optimizer_steps) * train.batch;
  stats.lm_loss = s[0] / rows;
  stats.q_halt_loss = s[1] / rows;
  stats.q_continue_loss = s[2] / rows;
  stats.loss = stats.lm_loss + train.halt_loss_weight *
                                   (stats.q_halt_loss + stats.q_continue_loss);
  stats.halted_rows = static_cast<int64_t>(s[3]);
  // Where no row halted, the last known metrics stand.
  if (stats.halted_rows == 0) return;
  stats.accuracy = s[4] / s[3];
  stats.exact_accuracy = s[5] / s[3];
  stats.q_halt_accuracy = s[6] / s[3];
  stats.steps = s[7] / s[3];
}

}  // namespace arctrm::internal
