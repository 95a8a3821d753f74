// SPDX-License-Identifier: MIT
#include "pipeline/run_plan.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/printable.h"
#include "base/time_budget.h"

namespace arctrm {

namespace {

// Views per test input that vote if each task has these augmentations.
int ViewsWith(int augmentations, const PlanningOptions& planning) {
  const int rows = augmentations + 1;
  return planning.max_views > 0 ? std::min(planning.max_views, rows) : rows;
}

// Seconds for one view of every test input.
double RoundSeconds(double step_s, const PlanInputs& inputs,
                    const ModelOptions& model, const TrainOptions& train) {
  return ViewSeconds(step_s, model, train.batch) *
         std::max(1, inputs.test_inputs);
}

class Planner {
 public:
  Planner(const PlanInputs& inputs, const ModelOptions& model,
          const TrainOptions& train, const PlanningOptions& planning)
      : inputs_(inputs),
        train_(train),
        planning_(planning),
        round_s_(RoundSeconds(inputs.step_s, inputs, model, train)),
        overhead_s_(VotingOverheadS(inputs.start_s)) {}

  int tasks() const { return std::max(1, inputs_.tasks); }
  // Sets steps, augmentations and views for a training of `steps` steps.
  void SetSteps(double steps, RunPlan& plan) const;
  // Divides the time until the deadline and sets all that follows from it.
  void DivideTime(RunPlan& plan) const;

 private:
  // Sets train_s, steps, augmentations and views for at most plan.train_s.
  void FillTraining(RunPlan& plan) const;

  const PlanInputs& inputs_;
  const TrainOptions& train_;
  const PlanningOptions& planning_;
  const double round_s_;
  const double overhead_s_;  // of voting
};

void Planner::SetSteps(double steps, RunPlan& plan) const {
  plan.steps = static_cast<int64_t>(steps);
  plan.augmentations = inputs_.augmentations_asked;
  if (plan.augmentations < 0) {
    const double rows =
        steps * train_.batch / std::max(1, planning_.row_updates);
    plan.augmentations = std::clamp(static_cast<int>(rows / tasks()) - 1, 0,
                                    planning_.max_augmentations);
  }
  plan.views = ViewsWith(plan.augmentations, planning_);
}

void Planner::FillTraining(RunPlan& plan) const {
  const double match_s = inputs_.match_share * plan.train_s;
  double steps = inputs_.step_s > 0 && inputs_.step_complete
                     ? (plan.train_s - match_s) / inputs_.step_s
                     : 0;
  if (inputs_.steps_asked > 0) {
    steps = std::min(steps, static_cast<double>(inputs_.steps_asked));
    // The number of steps ends the training. Its time must suffice for starting
    // and saving, and for steps that are slower than the measured one.
    plan.train_s =
        std::min(plan.train_s, match_s + StepsTimeS(steps * inputs_.step_s));
  }
  SetSteps(steps, plan);
}

void Planner::DivideTime(RunPlan& plan) const {
  // Voting takes the time of its views up to its share, training the rest. Less
  // training means fewer augmentations, and so fewer views: a few rounds settle
  // both.
  constexpr int kRounds = 6;
  plan.reserve_s = ReserveS(inputs_.left_s);
  const double work_s = std::max(0.0, inputs_.left_s - plan.reserve_s);
  const double max_vote_s = planning_.vote_share * work_s;
  double vote_s = max_vote_s;
  for (int i = 0; i < kRounds; ++i) {
    plan.train_s = work_s - vote_s;
    FillTraining(plan);
    vote_s =
        std::min(ViewsTimeS(plan.views * round_s_) + overhead_s_, max_vote_s);
  }
  if (plan.steps == 0) plan.train_s = 0;
  plan.vote_s = work_s - plan.train_s;
  if (round_s_ > 0) {
    plan.views =
        std::clamp(static_cast<int>((plan.vote_s - overhead_s_) / round_s_), 1,
                   plan.views);
  }
}

}  // namespace

std::string RunPlan::Describe() const {
  const std::string time =
      std::isinf(train_s)
          ? std::string("no time limit")
          : absl::StrCat("train ", DurationText(absl::Seconds(train_s)),
                         ", vote ", DurationText(absl::Seconds(vote_s)),
                         ", reserve ", DurationText(absl::Seconds(reserve_s)));
  return absl::StrFormat(
      "%s of each task, %s (%.0f updates of each embedding row), %s per test "
      "input; %s",
      Counted(augmentations, "augmentation"), Counted(steps, "step"),
      updates_per_row, Counted(views, "view"), time);
}

double ViewSeconds(double step_s, const ModelOptions& model, int batch) {
  const double forward = model.h_cycles;
  return step_s / batch * forward / (forward + 2) * model.halt_max_steps;
}

RunPlan PlanRun(const PlanInputs& inputs, const ModelOptions& model,
                const TrainOptions& train, const PlanningOptions& planning) {
  const Planner planner(inputs, model, train, planning);
  RunPlan plan;
  if (std::isfinite(inputs.left_s)) {
    planner.DivideTime(plan);
  } else {
    planner.SetSteps(static_cast<double>(inputs.steps_asked), plan);
    plan.train_s = inputs.left_s;
    plan.vote_s = inputs.left_s;
  }
  plan.updates_per_row =
      static_cast<double>(plan.steps) * train.batch /
      (static_cast<double>(planner.tasks()) * (plan.augmentations + 1));
  return plan;
}

Replan PlanAgain(const RunPlan& plan, const PlanInputs& inputs, double step_s,
                 int64_t step, double elapsed_s, double left_s,
                 const ModelOptions& model, const TrainOptions& train,
                 const PlanningOptions& planning) {
  const double work_left_s = std::max(0.0, left_s - plan.reserve_s);
  const double views_s = ViewsWith(plan.augmentations, planning) *
                         RoundSeconds(step_s, inputs, model, train);
  // Predictors start more slowly too, for the same reason.
  const double slower =
      inputs.step_s > 0 ? std::max(1.0, step_s / inputs.step_s) : 1;
  Replan again;
  again.vote_s =
      std::min({ViewsTimeS(views_s) + slower * VotingOverheadS(inputs.start_s),
                planning.vote_share * (elapsed_s + left_s - plan.reserve_s),
                work_left_s});
  again.train_left_s = work_left_s - again.vote_s;
  again.steps =
      step + static_cast<int64_t>(again.train_left_s / std::max(step_s, 1e-9));
  if (inputs.steps_asked > 0) {
    again.steps = std::min(again.steps, inputs.steps_asked);
  }
  if (!WorthMovingVotes(plan.vote_s, again.vote_s)) return again;
  again.reason = absl::StrFormat(
      "a step takes %.3f s instead of %.3f s: voting gets %s instead of %s, "
      "training continues for %s to about step %d",
      step_s, inputs.step_s, DurationText(absl::Seconds(again.vote_s)),
      DurationText(absl::Seconds(plan.vote_s)),
      DurationText(absl::Seconds(again.train_left_s)), again.steps);
  return again;
}

}  // namespace arctrm
