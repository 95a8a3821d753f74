// SPDX-License-Identifier: MIT
// Plans a run from the measured time of a training step.
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

// Plans a run on `dataset`, whose augmentations are not needed, with
// `test_inputs` test inputs, and divides the time of `budget`. A resumed run
// keeps the number of augmentations in the journal's record.
//
// A step is measured only with a time limit. An unattended run halves
// options.train.batch until a step fits into memory, and assumes a step time if
// measuring fails; replanning corrects it during training. Otherwise errors of
// the measurement are returned.
absl::StatusOr<MeasuredPlan> MeasureAndPlan(const Dataset& dataset,
                                            int test_inputs, TimeBudget& budget,
                                            Engine& engine, RunOptions& options,
                                            RunJournal& journal);

// Returns `augmentations`, or the largest number per task that a small share of
// the remaining time and of the memory allows. Time is spent on building the
// augmentations and saving their embedding rows. Builds a small sample to
// measure that.
absl::StatusOr<int> AffordableAugmentations(
    const std::vector<DatasetSource>& sources, BuildOptions build,
    int augmentations, const ModelOptions& model, const TimeBudget& budget);

// Halves options.train.batch. Returns false, and changes nothing, if a process
// of the engine would get no batch row.
bool HalveBatch(const Engine& engine, RunOptions& options);

}  // namespace arctrm
