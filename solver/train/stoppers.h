// SPDX-License-Identifier: MIT
// The reasons to end a training, each a class. A new one is added to the list
// in MakeStoppers().
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
  // Asked before every step: why it should not begin, or nullopt.
  virtual std::optional<TrainStop> BeforeStep(const LoopState&) {
    return std::nullopt;
  }
  // Asked after every step, when its loss is known.
  virtual std::optional<TrainStop> AfterStep(const LoopState&) {
    return std::nullopt;
  }
};

// TrainRequest::max_steps.
class StepLimit : public Stopper {
 public:
  std::optional<TrainStop> BeforeStep(const LoopState& loop) override;
};

// A stop signal (base/stop.h).
class SignalStopper : public Stopper {
 public:
  std::optional<TrainStop> BeforeStep(const LoopState& loop) override;
};

// No step begins that would not end, and be evaluated and saved, before the
// deadline.
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
// All of the above, in the order in which they are asked.
Stoppers MakeStoppers();

}  // namespace arctrm::internal
