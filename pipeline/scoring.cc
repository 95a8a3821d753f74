// SPDX-License-Identifier: MIT
#include "pipeline/scoring.h"

#include "base/status.h"

namespace arctrm {

absl::StatusOr<ScoresByLabel> ScoreRun(
    const Submission& submission, const ChallengeSet& challenges,
    const SolutionSet& solutions, const Ballots& ballots,
    const std::map<std::string, std::string>& labels) {
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
  ScoresByLabel score;
  ARCTRM_ASSIGN_OR_RETURN(score.all, Score(submission, solutions, candidates));
  std::map<std::string, SolutionSet> by_label;
  for (const auto& [id, label] : labels) {
    const auto it = solutions.find(id);
    if (it != solutions.end()) by_label[label][id] = it->second;
  }
  for (const auto& [label, part] : by_label) {
    ARCTRM_ASSIGN_OR_RETURN(ScoreTable table,
                            Score(submission, part, candidates));
    score.labels.emplace_back(label, std::move(table));
  }
  return score;
}

}  // namespace arctrm
