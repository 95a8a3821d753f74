// SPDX-License-Identifier: MIT
// The score of a job, all in all and by group.
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

struct RunScore {
  ScoreTable all;
  // In order of the group's name; empty without groups.
  std::vector<std::pair<std::string, ScoreTable>> groups;
};

// Scores the tasks whose solutions are known. `groups`: task id -> group.
absl::StatusOr<RunScore> ScoreRun(
    const Submission& submission, const ChallengeSet& challenges,
    const SolutionSet& solutions, const Ballots& ballots,
    const std::map<std::string, std::string>& groups);

}  // namespace arctrm
