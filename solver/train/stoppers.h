// SPDX-License-Identifier: MIT
// Reasons to end a training, one class each. MakeStoppers() lists them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "solver/train.h"
#include "solver/train/loop.h"

namespace arctrm::internal {

class Stopper {
 public:
  virtual ~Stopper() = default;
  // Called before every step: a reason not to begin it, or nullopt.
  virtual std::optional<TrainStop> BeforeStep(const LoopState&) {
    return std::nullopt;
  }
  // Called after every step, with its loss in loop.stats.
  virtual std::optional<TrainStop> AfterStep(const LoopState&) {
    return std::nullopt;
  }
};

// TrainSpec::max_steps.
class StepLimit : public Stopper {
 public:
  std::optional<TrainStop> BeforeStep(const LoopState& loop) override;
};

// A stop signal (base/stop.h).
class SignalStopper : public Stopper {
 public:
  std::optional<TrainStop> BeforeStep(const LoopState& loop) override;
};

// Stops when another step, its evaluation and its save would pass the deadline.
class DeadlineStopper : public Stopper {
 public:
  std::optional<TrainStop> BeforeStep(const LoopState& loop) override;
};

// The loss became NaN or infinite.
class DivergenceStopper : public Stopper {
 public:
  std::optional<TrainStop> AfterStep(const LoopState& loop) override;
};

using Stoppers = std::vector<std::unique_ptr<Stopper>>;
// All of the above, in calling order.
Stoppers MakeStoppers();

}  // namespace arctrm::internal
