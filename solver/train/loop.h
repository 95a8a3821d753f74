// SPDX-License-Identifier: MIT
// The training loop, and its state for stoppers and hooks.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/time_budget.h"
#include "solver/train.h"
#include "solver/train/step.h"

namespace arctrm::internal {

// The state of the loop between two steps.
struct LoopState {
  explicit LoopState(Training& training);

  // Training time in seconds, including the time before a resume.
  double TimeS() const;
  // The completed part of the training, 0 to 1, by steps or by time, whichever
  // is larger.
  double Progress() const;

  Training& training;
  const TrainRequest& request;
  const absl::Time start;
  StageLimits limits;  // hooks.replan moves them
  TrainCosts costs;    // measured so far; step_s: running mean
  TrainStats stats;    // of the last step
};

// The next action of all processes, decided by rank 0.
enum class Command { kStep, kSave, kStop, kFail };
struct CommandMessage {
  Command command = Command::kStep;
  double value = 0;  // kStep: progress; kStop: the TrainStop
};
// Every process calls it; all return the message of rank 0.
CommandMessage BroadcastCommand(const Training& training,
                                CommandMessage message = {});

// Trains until there is a reason to stop, as Train(). Rank 0 leads, the others
// follow its commands.
absl::StatusOr<TrainResult> RunTraining(Training& training);

}  // namespace arctrm::internal
