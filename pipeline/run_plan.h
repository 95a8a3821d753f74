// SPDX-License-Identifier: MIT
// Divides the time of a run: arithmetic over measured speeds.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/run_options.h"
#include "solver/options.h"

namespace arctrm {

struct PlanInputs {
  int tasks = 0;        // in the dataset
  int test_inputs = 0;  // to vote on
  double left_s = 0;    // until the deadline; infinite without
  double step_s = 0;    // one step, measured; 0 without a deadline
  // False if a step takes longer than step_s by an unknown amount.
  bool step_complete = true;
  // Share of the training time before the first step, for finding the best
  // matching embedding rows.
  double match_share = 0;
  double start_s = 0;            // seconds until predictors have started
  int64_t steps_asked = 0;       // --steps; 0: not given
  int augmentations_asked = -1;  // --augmentations; -1: not given
};

struct RunPlan {
  int augmentations = 0;  // beside the task itself
  // Expected steps; the deadline decides. 0 with a deadline means that no step
  // fits and all time goes to voting.
  int64_t steps = 0;
  double train_s = 0;  // infinite without a deadline
  double vote_s = 0;
  double reserve_s = 0;        // for writing results
  int views = 0;               // per test input, as time allows
  double updates_per_row = 0;  // expected

  // One line for log and report.
  std::string Describe() const;
};

// Estimates the seconds of one view of one test input, with all supervision
// steps, from the time of a training step with `batch` rows. A training step
// runs H cycles forward and one backward, which costs twice its forward pass.
double ViewSeconds(double step_s, const ModelOptions& model, int batch);

// A new division of the time during training.
struct Replan {
  double train_left_s = 0;
  double vote_s = 0;
  int64_t steps = 0;  // expected at the end of training
  // What changed and why, for log and report; "" when the plan stands.
  std::string reason;
};

// Divides the remaining time again after `step` steps, which took `step_s` on
// average. `elapsed_s` is the time since the start, `left_s` the time until the
// deadline. Voting gets what its views need at this speed, at most its share of
// the whole time. Changes of less than a twentieth of the voting time, or of a
// second, are ignored.
Replan PlanAgain(const RunPlan& plan, const PlanInputs& inputs, double step_s,
                 int64_t step, double elapsed_s, double left_s,
                 const ModelOptions& model, const TrainOptions& train,
                 const PlanningOptions& planning);

// Makes the plan of a run.
RunPlan PlanRun(const PlanInputs& inputs, const ModelOptions& model,
                const TrainOptions& train, const PlanningOptions& planning);

}  // namespace arctrm
