// SPDX-License-Identifier: MIT
#include "solver/train/stoppers.h"

#include <cmath>

#include "absl/time/time.h"
#include "base/stop.h"
#include "base/time_budget.h"
#include "base/watchdog.h"

namespace arctrm::internal {

std::optional<TrainStop> StepLimit::BeforeStep(const LoopState& loop) {
  const int64_t limit = loop.request.spec.max_steps;
  if (limit <= 0 || loop.training.state.counters.step < limit) {
    return std::nullopt;
  }
  return TrainStop::kSteps;
}

std::optional<TrainStop> SignalStopper::BeforeStep(const LoopState& loop) {
  if (StopSignal() == 0 && !loop.training.executor.collective().StopAsked()) {
    return std::nullopt;
  }
  AcknowledgeStop();
  return TrainStop::kSignal;
}

std::optional<TrainStop> DeadlineStopper::BeforeStep(const LoopState& loop) {
  const bool evaluates = static_cast<bool>(loop.request.hooks.evaluate);
  const double left_s = absl::ToDoubleSeconds(loop.limits.end.Remaining());
  if (StepFits(loop.costs, evaluates, left_s)) return std::nullopt;
  return TrainStop::kDeadline;
}

std::optional<TrainStop> DivergenceStopper::AfterStep(const LoopState& loop) {
  if (std::isfinite(loop.stats.loss)) return std::nullopt;
  return TrainStop::kDiverged;
}

Stoppers MakeStoppers() {
  Stoppers stoppers;
  stoppers.push_back(std::make_unique<StepLimit>());
  stoppers.push_back(std::make_unique<SignalStopper>());
  stoppers.push_back(std::make_unique<DeadlineStopper>());
  stoppers.push_back(std::make_unique<DivergenceStopper>());
  return stoppers;
}

}  // namespace arctrm::internal
