// SPDX-License-Identifier: MIT
// The training loop, and what its stoppers and hooks see of it.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/time_budget.h"
#include "solver/train.h"
#include "solver/train/step.h"

namespace arctrm::internal {

// The loop between two steps.
struct LoopState {
  explicit LoopState(Training& training);

  // Training time so far, earlier parts included, in seconds.
  double TimeS() const;
  // The part of the run that is done, by steps or by time, whichever is larger.
  double Progress() const;

  Training& training;
  const TrainRequest& request;
  const absl::Time start;
  Deadline deadline;  // request.hooks.replan moves it
  TrainCosts costs;   // measured so far; step_s: running mean
  TrainStats stats;   // of the last step
};

// What the first process tells the others to do next.
enum class Command { kStep, kSave, kStop, kFail };
struct CommandMessage {
  Command command = Command::kStep;
  double value = 0;  // kStep: progress; kStop: the TrainStop
};
// Every process calls it; all return what the first one gave.
CommandMessage BroadcastCommand(const Training& training,
                                CommandMessage message = {});

// Trains until there is a reason to stop: the first process leads, the others
// follow its commands. As Train().
absl::StatusOr<TrainResult> RunTraining(Training& training);

}  // namespace arctrm::internal
