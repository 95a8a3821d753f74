// SPDX-License-Identifier: MIT
// Everything the stages of a run share. pipeline/run.cc calls the stages in
// order: run_checks, run_opening, run_preparation, run_training, run_voting,
// run_results.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "augment/dataset.h"
#include "base/log.h"
#include "base/time_budget.h"
#include "pipeline/engine.h"
#include "pipeline/held_out.h"
#include "pipeline/planner.h"
#include "pipeline/run_inputs.h"
#include "pipeline/run_journal.h"
#include "pipeline/run_options.h"
#include "pipeline/run_training.h"
#include "tta/ballots.h"

namespace arctrm {

struct RunContext {
  // Borrows `log` and `engine`. The journal keeps the work folder
  // options.work, by default options.out + ".run".
  RunContext(const RunOptions& options, const Deadline& deadline, Log& log,
             Engine& engine);

  // The given options; the stages resolve the model and shrink the batch.
  RunOptions options;
  TimeBudget budget;
  Engine& engine;
  RunJournal journal;

  // From the checks.
  RunInputs inputs;
  // The watchdog's thread may read `inputs` once this is true.
  std::atomic<bool> inputs_read{false};
  std::string device;    // in words
  int fitted_batch = 0;  // train.batch, or the largest that fits into memory

  // From the preparation.
  Dataset dataset;
  std::vector<HeldOutPair> held_out;
  MeasuredPlan planned;
  std::string leak_warning;

  // From training and voting.
  TrainedRun trained;
  Ballots ballots;
  bool stopped_early = false;  // by a signal
};

}  // namespace arctrm
