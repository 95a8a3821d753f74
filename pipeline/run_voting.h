// SPDX-License-Identifier: MIT
// The votes of a job: which weights vote for how long, and the submission that
// is replaced as votes come in.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/time_budget.h"
#include "pipeline/engine.h"
#include "pipeline/planner.h"
#include "pipeline/run_inputs.h"
#include "pipeline/run_journal.h"
#include "pipeline/run_options.h"
#include "tta/ballots.h"

namespace arctrm {

// Replaces options.out by what `ballots` choose, and options.standing where
// there is no vote.
absl::Status SaveSubmission(const Ballots& ballots, const RunInputs& inputs,
                            const RunOptions& options);

// Votes into `ballots`, which the work folder keeps, until the plan's reserve
// before the deadline: first the best weights on what was held out, else those
// of `checkpoint`, then its snapshots. Says in the journal's record whether all
// was voted on. True when a signal ended it.
absl::StatusOr<bool> VoteOnTests(const std::string& checkpoint,
                                 const RunInputs& inputs,
                                 const TimeBudget& budget,
                                 const MeasuredPlan& planned, Engine& engine,
                                 const RunOptions& options, RunJournal& journal,
                                 Ballots& ballots);

}  // namespace arctrm
