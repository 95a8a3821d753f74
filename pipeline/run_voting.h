// SPDX-License-Identifier: MIT
// The voting of a run: which weights vote for how long. The submission is
// replaced as votes come in.
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

// Replaces options.out by the attempts that `ballots` choose. Test inputs
// without votes get their answers from options.standing.
absl::Status SaveSubmission(const Ballots& ballots, const RunInputs& inputs,
                            const RunOptions& options);

// Adds votes to `ballots`, also in the work folder, until the end of voting in
// `budget`. First vote the weights with the best score on held-out pairs,
// otherwise those of `checkpoint`; then the snapshots of `checkpoint`. Sets
// voting_done in the record. Returns true if a signal ended the voting.
absl::StatusOr<bool> VoteOnTests(const std::string& checkpoint,
                                 const RunInputs& inputs,
                                 const TimeBudget& budget,
                                 const MeasuredPlan& planned, Engine& engine,
                                 const RunOptions& options, RunJournal& journal,
                                 Ballots& ballots);

}  // namespace arctrm
