// SPDX-License-Identifier: MIT
// Scores a submission by both averages in use.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "arc/task.h"

namespace arctrm {

struct PassRates {
  double pass_1 = 0;  // attempt_1 right
  double pass_2 = 0;  // either right
};

struct OutputScore {
  std::string task_id;
  int test_index = 0;
  bool attempt_1 = false;
  bool attempt_2 = false;
  // Rank of the right answer among all candidates, from 1; 0 if unknown or
  // absent.
  int oracle_rank = 0;
  bool solved() const { return attempt_1 || attempt_2; }
};

// The k that includes all candidates.
inline constexpr int kAllCandidates = std::numeric_limits<int>::max();

struct ScoreTable {
  int tasks = 0;
  // Missing from the submission, if its reader reports it; they count as wrong.
  int missing_tasks = 0;
  int missing_outputs = 0;
  int unusable_attempts = 0;
  std::vector<OutputScore> outputs;
  // Mean over test outputs (ARC Prize 2024).
  PassRates per_output;
  // Mean over tasks of the mean per task (ARC Prize 2025).
  PassRates per_task;
  // Share of test outputs whose right answer is among the first k candidates,
  // by k (1, 2, 5, 10, 100 and kAllCandidates). Empty without candidates.
  std::map<int, double> oracle;

  int num_solved_outputs() const;
  // Number of tasks with all test outputs solved.
  int num_solved_tasks() const;
};

// All candidates by (task id, test index), best first. May be empty.
using CandidateGrids = std::map<std::pair<std::string, int>, std::vector<Grid>>;

// Scores the tasks of `solutions`. Outputs that are empty grids there are
// unknown and not scored. Test inputs missing from the submission count as
// wrong. InvalidArgument if they have no task in common or no output is known.
absl::StatusOr<ScoreTable> Score(const Submission& submission,
                                 const SolutionSet& solutions,
                                 const CandidateGrids& candidates = {});

// {"tasks":N,"outputs":N,"per_output":{"pass@1":x,"pass@2":x},
// "per_task":{…},"oracle":{"pass@1":…,"pass@all":…},
// "solved_outputs":["id[0]",…]}
// "oracle" only if known. One line.
std::string ScoreJson(const ScoreTable& score);
// For display: both averages, then a line per task if `per_task`.
std::string ScoreText(const ScoreTable& score, bool per_task);

}  // namespace arctrm
