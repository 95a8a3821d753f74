// SPDX-License-Identifier: MIT
// How a run spends its time: pure arithmetic over measured speeds.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/run_options.h"
#include "solver/options.h"

namespace arctrm {

struct PlanInputs {
  int tasks = 0;        // in the dataset
  int test_inputs = 0;  // to vote on
  double left_s = 0;    // until the deadline; infinite without one
  double step_s = 0;    // one optimiser step, measured; 0 without a deadline
  // false: a step takes longer than step_s, and nothing more is known.
  bool step_complete = true;
  // Share of the training time that goes before the first step: matching of
  // embedding rows.
  double match_share = 0;
  double start_s = 0;            // until predictors are at work
  int64_t steps_asked = 0;       // --steps; 0: none
  int augmentations_asked = -1;  // --augmentations; -1: none
};

struct RunPlan {
  int augmentations = 0;  // beside the task itself
  // Planned; the deadline decides. 0 with a deadline: no step fits, and all
  // time goes to voting.
  int64_t steps = 0;
  double train_s = 0;  // infinite without a deadline
  double vote_s = 0;
  double reserve_s = 0;        // kept for writing results
  int views = 0;               // views per test input that fit
  double updates_per_row = 0;  // with this plan
  // One line for log and report.
  std::string Describe() const;
};

// Seconds that one view of one test input takes: all supervision steps of the
// forward pass of one row, from the time of a training step. A step runs H
// cycles forward and one backward, which costs twice its forward.
double ViewSeconds(double step_s, const ModelOptions& model, int batch);

// What a step really takes, known while training goes on.
struct Replan {
  double train_left_s = 0;
  double vote_s = 0;
  int64_t steps = 0;  // expected at the end of training
  // What changed and why, for log and report; "" when the plan stands.
  std::string reason;
};

// Divides what is left anew. step_s: measured over the steps so far; step:
// done; left_s: until the deadline. Voting keeps what its views need at this
// speed, at most its share of the whole time (elapsed_s + left_s). Changes of
// less than a twentieth of the voting time or a second are left alone.
Replan PlanAgain(const RunPlan& plan, const PlanInputs& inputs, double step_s,
                 int64_t step, double elapsed_s, double left_s,
                 const ModelOptions& model, const TrainOptions& train,
                 const PlanningOptions& planning);

RunPlan PlanRun(const PlanInputs& inputs, const ModelOptions& model,
                const TrainOptions& train, const PlanningOptions& planning);

}  // namespace arctrm
