// SPDX-License-Identifier: MIT
// The training of a run: its time, and what an unattended run does about
// failures.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "augment/dataset.h"
#include "base/time_budget.h"
#include "pipeline/engine.h"
#include "pipeline/held_out.h"
#include "pipeline/planner.h"
#include "pipeline/run_journal.h"
#include "pipeline/run_options.h"

namespace arctrm {

struct TrainedRun {
  // Folder of the weights that vote; "" when there are no weights.
  std::string checkpoint;
  bool stopped = false;  // by a signal
};

// Trains on `dataset`, which equals the files in the journal's work folder, and
// scores the weights on `held_out`. Where no step fits into the time, only the
// embedding rows of new tasks are added to the start weights; without start
// weights nothing is trained. Updates `planned` and the times of `budget` as
// training goes on.
//
// An unattended run works around failures and changes options.train for that:
// it drops weights that do not load, slows down after a divergence, halves the
// batch as often as memory requires, and after any other error uses the weights
// of the last save.
absl::StatusOr<TrainedRun> TrainRun(const Dataset& dataset,
                                    const std::vector<HeldOutPair>& held_out,
                                    TimeBudget& budget, Engine& engine,
                                    RunOptions& options, RunJournal& journal,
                                    MeasuredPlan& planned);

}  // namespace arctrm
