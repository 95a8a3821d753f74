// SPDX-License-Identifier: MIT
#include "pipeline/replanner.h"

namespace arctrm {

Replanner::Replanner(const RunPlan& plan, const PlanInputs& inputs,
                     const RunOptions& options, TimeBudget& budget)
    : plan_(plan), inputs_(inputs), options_(options), budget_(budget) {}

std::string Replanner::MaybeReplan(int64_t step) {
  const absl::Time now = budget_.Now();
  // The time before the first step, also of a training that was resumed, is not
  // the time of a step.
  const bool begins = seen_step_ < 0 || step <= seen_step_;
  seen_step_ = step;
  if (begins) {
    last_step_ = step;
    last_check_ = now;
    return "";
  }
  const absl::Duration wait = ReplanInterval(checks_, plan_.train_s);
  const int64_t steps = step - last_step_;
  if (now - last_check_ < wait || steps < 1) return "";
  const double step_s =
      absl::ToDoubleSeconds(now - last_check_) / static_cast<double>(steps);
  ++checks_;
  last_check_ = now;
  last_step_ = step;
  const Replan again = PlanAgain(
      plan_, inputs_, step_s, step, budget_.ElapsedS(), budget_.LeftS(),
      options_.model, options_.train, options_.planning);
  if (again.reason.empty()) return "";
  plan_.vote_s = again.vote_s;
  plan_.steps = again.steps;
  inputs_.step_s = step_s;
  budget_.Divide(plan_.vote_s, plan_.reserve_s);
  return again.reason;
}

}  // namespace arctrm
