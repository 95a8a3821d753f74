// SPDX-License-Identifier: MIT
// What changes over a training run: learning rates, recursion cycles, and
// whether the network learns yet.
#pragma once

#include "solver/options.h"
#include "solver/train/state.h"

namespace arctrm::internal {

struct StepSchedule {
  // Only embedding rows learn (train.rows_only_share).
  bool rows_only = false;
  double network_rate = 0;    // learning rate of the network
  double embedding_rate = 0;  // learning rate of embedding rows
  // Cycles of the recursion (train.curriculum_share).
  int h_cycles = 1;
  int l_cycles = 1;
};

// The schedule of the step after those that `counters` holds. `progress`: the
// part of the run that is done, 0 to 1.
StepSchedule ScheduleOf(const ModelOptions& model, const TrainOptions& train,
                        const TrainCounters& counters, double progress);

}  // namespace arctrm::internal
