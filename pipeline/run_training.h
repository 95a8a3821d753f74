// SPDX-License-Identifier: MIT
// The training of a job: until when it goes on, and what is done about what
// goes wrong on the way.
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
  // Folder of the last one; "" where there are no weights at all.
  std::string checkpoint;
  bool stopped = false;  // by a signal
};

// Trains on `dataset`, the same as in the journal's work folder, and tries the
// weights on `held_out`. Where the plan has no time for a step, new rows of the
// start weights are made and nothing else; without start weights nothing is
// done. `job` is made anew as training goes on. When
// persevering, options.train is changed by what had to be helped: weights that
// don't load are done without, what diverged goes on more slowly, what ran out
// of memory goes on with half the batch, again and again, and a training that
// ended in another error is good for the weights it has saved.
absl::StatusOr<TrainedRun> TrainRun(const Dataset& dataset,
                                    const std::vector<HeldOutPair>& held_out,
                                    TimeBudget& budget, Engine& engine,
                                    RunOptions& options, RunJournal& journal,
                                    MeasuredPlan& planned);

}  // namespace arctrm
