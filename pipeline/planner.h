// SPDX-License-Identifier: MIT
// The plan of a job, from what a training step takes on its devices.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "augment/dataset.h"
#include "base/time_budget.h"
#include "pipeline/engine.h"
#include "pipeline/run_journal.h"
#include "pipeline/run_options.h"
#include "pipeline/run_plan.h"

namespace arctrm {

struct MeasuredPlan {
  RunPlan plan;
  PlanInputs inputs;
};

// For a job on `dataset`, whose copies need not be there yet, with
// `test_inputs` to vote on; divides the time of `budget`. A run that is resumed
// has its number of copies in the journal's record. A step is measured only
// where there is a time limit; when persevering, options.train.batch is halved
// until memory is enough for it, and what can't be measured is assumed: the
// plan is made anew while training goes on. Errors of the measurement.
absl::StatusOr<MeasuredPlan> MeasureAndPlan(const Dataset& dataset,
                                            int test_inputs, TimeBudget& budget,
                                            Engine& engine, RunOptions& options,
                                            RunJournal& journal);

// `copies` of each task, or as many of them as can be built, and their
// embedding rows saved, in a small share of the time left and in a
// share of the memory. Builds a few to measure that.
absl::StatusOr<int> AffordableAugmentations(
    const std::vector<DatasetSource>& sources, BuildOptions build,
    int augmentations, const ModelOptions& model, const TimeBudget& budget);

// Halves options.train.batch; false where that would leave less than a row for
// each of the engine's processes.
bool HalveBatch(const Engine& engine, RunOptions& options);

}  // namespace arctrm
