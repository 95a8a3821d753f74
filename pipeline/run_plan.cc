// SPDX-License-Identifier: MIT
#include "pipeline/run_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/time_budget.h"

namespace arctrm {

std::string RunPlan::Describe() const {
  const std::string time =
      std::isinf(train_s)
          ? std::string("no time limit")
          : absl::StrCat("train ", DurationText(absl::Seconds(train_s)),
                         ", vote ", DurationText(absl::Seconds(vote_s)),
                         ", reserve ", DurationText(absl::Seconds(reserve_s)));
  return absl::StrFormat(
      "%d copies beside each task, %d steps (%.0f updates of each embedding "
      "row), %d views per test input; %s",
      augmentations, steps, updates_per_row, views, time);
}

double ViewSeconds(double step_s, const ModelOptions& model, int batch) {
  const double forward = model.h_cycles;
  return step_s / batch * forward / (forward + 2) * model.halt_max_steps;
}

RunPlan PlanRun(const PlanInputs& inputs, const ModelOptions& model,
                const TrainOptions& train, const PlanningOptions& planning) {
  RunPlan plan;
  const double tasks = std::max(1, inputs.tasks);
  const double view_s = ViewSeconds(inputs.step_s, model, train.batch);
  const double per_round = view_s * std::max(1, inputs.test_inputs);
  const double overhead_s = VotingOverheadS(inputs.start_s);
  const bool timed = std::isfinite(inputs.left_s);
  if (timed) {
    plan.reserve_s = ReserveS(inputs.left_s);
  }
  const double work_s = timed ? std::max(0.0, inputs.left_s - plan.reserve_s)
                              : std::numeric_limits<double>::infinity();
  const auto augmentations_for = [&](double steps) {
    if (inputs.augmentations_asked >= 0) return inputs.augmentations_asked;
    const double rows = steps * train.batch / std::max(1, planning.row_updates);
    return std::clamp(static_cast<int>(rows / tasks) - 1, 0,
                      planning.max_augmentations);
  };
  const auto views_for = [&](int augmentations) {
    const int rows = augmentations + 1;
    return planning.max_views > 0 ? std::min(planning.max_views, rows) : rows;
  };
  if (timed) {
    // Voting takes what its views need, up to its share; training the rest.
    // Fewer training steps mean fewer copies, hence fewer views: a few rounds
    // settle it.
    double vote_s = planning.vote_share * work_s;
    for (int i = 0; i < 6; ++i) {
      plan.train_s = work_s - vote_s;
      const double match_s = inputs.match_share * plan.train_s;
      double steps = inputs.step_s > 0 && inputs.step_complete
                         ? (plan.train_s - match_s) / inputs.step_s
                         : 0;
      if (inputs.steps_asked > 0) {
        steps = std::min(steps, static_cast<double>(inputs.steps_asked));
        // The number of steps ends it; time is for what starting and saving
        // take, and for steps that are slower than the measured one.
        plan.train_s =
            std::min(plan.train_s, match_s + StepsTimeS(steps * inputs.step_s));
      }
      plan.steps = static_cast<int64_t>(steps);
      plan.augmentations = augmentations_for(steps);
      plan.views = views_for(plan.augmentations);
      const double wanted = ViewsTimeS(plan.views * per_round) + overhead_s;
      vote_s = std::min(wanted, planning.vote_share * work_s);
    }
    if (plan.steps == 0) plan.train_s = 0;
    plan.vote_s = work_s - plan.train_s;
    if (per_round > 0) {
      plan.views =
          std::clamp(static_cast<int>((plan.vote_s - overhead_s) / per_round),
                     1, plan.views);
    }
  } else {
    plan.steps = inputs.steps_asked;
    plan.augmentations =
        augmentations_for(static_cast<double>(inputs.steps_asked));
    plan.views = views_for(plan.augmentations);
    plan.train_s = work_s;
    plan.vote_s = work_s;
  }
  plan.updates_per_row = static_cast<double>(plan.steps) * train.batch /
                         (tasks * (plan.augmentations + 1));
  return plan;
}

Replan PlanAgain(const RunPlan& plan, const PlanInputs& inputs, double step_s,
                 int64_t step, double elapsed_s, double left_s,
                 const ModelOptions& model, const TrainOptions& train,
                 const PlanningOptions& planning) {
  const double work_left_s = std::max(0.0, left_s - plan.reserve_s);
  const double per_round =
      ViewSeconds(step_s, model, train.batch) * std::max(1, inputs.test_inputs);
  const int rows = plan.augmentations + 1;
  const int views =
      planning.max_views > 0 ? std::min(planning.max_views, rows) : rows;
  // What slows steps down slows the start of predictors down too.
  const double slower =
      inputs.step_s > 0 ? std::max(1.0, step_s / inputs.step_s) : 1;
  Replan again;
  again.vote_s = std::min(
      {ViewsTimeS(views * per_round) + slower * VotingOverheadS(inputs.start_s),
       planning.vote_share * (elapsed_s + left_s - plan.reserve_s),
       work_left_s});
  again.train_left_s = work_left_s - again.vote_s;
  again.steps =
      step + static_cast<int64_t>(again.train_left_s / std::max(step_s, 1e-9));
  if (inputs.steps_asked > 0) {
    again.steps = std::min(again.steps, inputs.steps_asked);
  }
  if (std::abs(again.vote_s - plan.vote_s) <
      std::max(1.0, 0.05 * plan.vote_s)) {
    return again;
  }
  again.reason = absl::StrFormat(
      "a step takes %.3f s (%.3f s was planned with): voting gets %s rather "
      "than %s, training goes on for %s to about step %d",
      step_s, inputs.step_s, DurationText(absl::Seconds(again.vote_s)),
      DurationText(absl::Seconds(plan.vote_s)),
      DurationText(absl::Seconds(again.train_left_s)), again.steps);
  return again;
}

}  // namespace arctrm
