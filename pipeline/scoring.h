// SPDX-License-Identifier: MIT
// The score of a run, for all tasks and by task label.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "arc/task.h"
#include "submission/score.h"
#include "tta/ballots.h"

namespace arctrm {

struct ScoresByLabel {
  ScoreTable all;
  // In order of the label; empty without labels.
  std::vector<std::pair<std::string, ScoreTable>> labels;
};

// Scores the tasks whose solutions are known. `labels`: task id -> label.
absl::StatusOr<ScoresByLabel> ScoreRun(
    const Submission& submission, const ChallengeSet& challenges,
    const SolutionSet& solutions, const Ballots& ballots,
    const std::map<std::string, std::string>& labels);

}  // namespace arctrm
