// SPDX-License-Identifier: MIT
#include "pipeline/scoring.h"

#include "base/status.h"

namespace arctrm {

absl::StatusOr<RunScore> ScoreRun(
    const Submission& submission, const ChallengeSet& challenges,
    const SolutionSet& solutions, const Ballots& ballots,
    const std::map<std::string, std::string>& groups) {
  CandidateGrids candidates;
  for (const Task& task : challenges.tasks) {
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      const int index = static_cast<int>(i);
      std::vector<Grid>& grids = candidates[{task.id, index}];
      for (const Candidate& c : ballots.Candidates(task.id, index)) {
        grids.push_back(c.grid);
      }
    }
  }
  RunScore score;
  ARCTRM_ASSIGN_OR_RETURN(score.all, Score(submission, solutions, candidates));
  std::map<std::string, SolutionSet> by_group;
  for (const auto& [id, group] : groups) {
    const auto it = solutions.find(id);
    if (it != solutions.end()) by_group[group][id] = it->second;
  }
  for (const auto& [group, part] : by_group) {
    ARCTRM_ASSIGN_OR_RETURN(ScoreTable table,
                            Score(submission, part, candidates));
    score.groups.emplace_back(group, std::move(table));
  }
  return score;
}

}  // namespace arctrm
