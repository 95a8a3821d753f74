// SPDX-License-Identifier: MIT
#include "solver/train/schedule.h"

#include <algorithm>
#include <cmath>

namespace arctrm::internal {

StepSchedule ScheduleOf(const ModelOptions& model, const TrainOptions& train,
                        const TrainCounters& counters, double progress) {
  StepSchedule schedule;
  // A network that has begun to learn continues, even if a resume with more
  // time lowers the progress.
  schedule.rows_only = counters.step == counters.rows_only_steps &&
                       progress < train.rows_only_share;
  const double decay =
      train.decay_share > 0
          ? std::clamp((1 - progress) / train.decay_share, 0.0, 1.0)
          : 1;
  const int64_t step = counters.step + 1;
  if (!schedule.rows_only) {
    schedule.network_rate =
        decay * WarmupLearningRate(train.learning_rate,
                                   step - counters.rows_only_steps,
                                   train.warmup_steps);
  }
  schedule.embedding_rate =
      decay *
      WarmupLearningRate(train.puzzle_learning_rate, step, train.warmup_steps);
  const double grown = train.curriculum_share > 0
                           ? std::min(1.0, progress / train.curriculum_share)
                           : 1;
  const auto cycles = [grown](int full) {
    return std::max(1, static_cast<int>(std::ceil(grown * full)));
  };
  schedule.h_cycles = cycles(model.h_cycles);
  schedule.l_cycles = cycles(model.l_cycles);
  return schedule;
}

}  // namespace arctrm::internal
