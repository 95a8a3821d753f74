// SPDX-License-Identifier: MIT
#include "solver/train/hooks.h"

#include <memory>
#include <utility>

#include "base/interrupt.h"
#include "base/status.h"

namespace arctrm::internal {

EvaluateHook::EvaluateHook(LoopState& loop, CheckpointWriter& writer)
    : loop_(loop), writer_(writer), last_(loop.start) {}

bool EvaluateHook::Due() const {
  return loop_.request.hooks.evaluate &&
         absl::ToDoubleSeconds(RealClock().Now() - last_) >=
             loop_.request.spec.train.evaluate_interval_s;
}

bool EvaluateHook::UpToDate() const {
  return last_step_ == loop_.training.state.counters.step;
}

absl::StatusOr<std::optional<TrainStop>> EvaluateHook::OnStep(bool finite) {
  loop_.stats.held_out.reset();
  if (finite && Due()) ARCTRM_RETURN_IF_ERROR(Evaluate());
  return std::nullopt;
}

absl::Status EvaluateHook::Evaluate() {
  const TrainRequest& request = loop_.request;
  const absl::Time before = RealClock().Now();
  TrainState& state = loop_.training.state;
  const std::unique_ptr<Predictor> predictor = loop_.training.MakePredictor();
  absl::StatusOr<HeldOutScore> evaluated;
  {
    const InterruptScope interruptible(loop_.limits.abort);
    evaluated = request.hooks.evaluate(*predictor);
  }
  // Interrupted: the loop will stop for the same reason.
  if (absl::IsCancelled(evaluated.status())) return absl::OkStatus();
  ARCTRM_ASSIGN_OR_RETURN(const HeldOutScore score, std::move(evaluated));
  loop_.stats.held_out = score;
  if (state.best.step == 0 || score > state.best.score) {
    // Only saved weights count as the best.
    if (writer_.SaveBest()) state.best = {score, state.counters.step};
    // A run that resumes from here knows the best score.
    if (!request.spec.best_out.empty() && !request.spec.out.empty()) {
      ARCTRM_RETURN_IF_ERROR(writer_.Save(/*last=*/false));
    }
  }
  last_step_ = state.counters.step;
  last_ = RealClock().Now();
  loop_.costs.evaluation_s = absl::ToDoubleSeconds(last_ - before);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<TrainStop>> MetricsHook::OnStep(bool) {
  const TrainRequest& request = loop_.request;
  if (request.hooks.on_step && !request.hooks.on_step(loop_.stats)) {
    return TrainStop::kCallback;
  }
  if (request.hooks.replan) loop_.limits = request.hooks.replan(loop_.stats);
  return std::nullopt;
}

SnapshotHook::SnapshotHook(LoopState& loop, CheckpointWriter& writer)
    : loop_(loop), writer_(writer) {
  // A resumed training already has the earlier snapshots.
  while (Due()) ++done_;
}

bool SnapshotHook::Due() const {
  const int wanted = loop_.request.spec.snapshots;
  return done_ < wanted &&
         loop_.Progress() >= 0.5 + 0.5 * (done_ + 1) / (wanted + 1);
}

absl::StatusOr<std::optional<TrainStop>> SnapshotHook::OnStep(bool finite) {
  if (!finite || loop_.request.spec.out.empty()) return std::nullopt;
  while (Due()) writer_.SaveWeights(SnapshotDir(writer_.out(), ++done_));
  return std::nullopt;
}

absl::StatusOr<std::optional<TrainStop>> CheckpointHook::OnStep(bool finite) {
  if (finite && Due()) ARCTRM_RETURN_IF_ERROR(writer_.Save(/*last=*/false));
  return std::nullopt;
}

}  // namespace arctrm::internal
