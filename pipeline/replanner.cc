// SPDX-License-Identifier: MIT
#include "pipeline/replanner.h"

#include <algorithm>

namespace arctrm {
namespace {

constexpr double kFirstShare = 0.1;  // of the training time
constexpr double kShare = 0.15;
constexpr absl::Duration kFirst = absl::Minutes(2);
constexpr absl::Duration kOften = absl::Minutes(20);

}  // namespace

Replanner::Replanner(const RunPlan& plan, const PlanInputs& inputs,
                     const RunOptions& options, absl::Time start,
                     const Deadline& deadline, const Clock& clock)
    : plan_(plan),
      inputs_(inputs),
      options_(options),
      start_(start),
      job_deadline_(deadline),
      clock_(clock) {}

std::string Replanner::Look(int64_t step) {
  const absl::Time now = clock_.Now();
  // Starting costs time that is not the steps', and so does starting again,
  // perhaps from an earlier step.
  const bool begins = seen_step_ < 0 || step <= seen_step_;
  seen_step_ = step;
  if (begins) {
    last_step_ = step;
    last_look_ = now;
    return "";
  }
  const absl::Duration whole = absl::Seconds(plan_.train_s);
  const absl::Duration wait = looks_ == 0
                                  ? std::min(kFirst, kFirstShare * whole)
                                  : std::min(kOften, kShare * whole);
  const int64_t steps = step - last_step_;
  if (now - last_look_ < wait || steps < 1) return "";
  const double step_s =
      absl::ToDoubleSeconds(now - last_look_) / static_cast<double>(steps);
  ++looks_;
  last_look_ = now;
  last_step_ = step;
  const Replan again = PlanAgain(
      plan_, inputs_, step_s, step, absl::ToDoubleSeconds(now - start_),
      absl::ToDoubleSeconds(job_deadline_.Remaining()), options_.model,
      options_.train, options_.planning);
  if (again.reason.empty()) return "";
  plan_.vote_s = again.vote_s;
  plan_.steps = again.steps;
  inputs_.step_s = step_s;
  return again.reason;
}

}  // namespace arctrm
