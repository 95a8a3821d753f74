// SPDX-License-Identifier: MIT
// Schedules of a training: learning rates, cycles, and whether the network
// learns.
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

// The schedule of the step after `counters`. `progress`: the completed part of
// the training, 0 to 1.
StepSchedule ScheduleOf(const ModelOptions& model, const TrainOptions& train,
                        const TrainCounters& counters, double progress);

}  // namespace arctrm::internal
