// SPDX-License-Identifier: MIT
// How good a submission is, by both averages in use.
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
  // Rank of the right answer among all candidates, 1-based; 0 unknown or none.
  int oracle_rank = 0;
  bool solved() const { return attempt_1 || attempt_2; }
};

// The k of "among all candidates, however many".
inline constexpr int kAllCandidates = std::numeric_limits<int>::max();

struct ScoreTable {
  int tasks = 0;
  // Of the submission, as far as whoever read it says so: they count as wrong.
  int missing_tasks = 0;
  int missing_outputs = 0;
  int unusable_attempts = 0;
  std::vector<OutputScore> outputs;
  // Mean over test outputs (ARC Prize 2024) …
  PassRates per_output;
  // … and per task first, then over tasks (ARC Prize 2025).
  PassRates per_task;
  // Share of outputs whose right answer is among the first k candidates, over
  // outputs, by k (1, 2, 5, 10, 100 and kAllCandidates); only with candidates.
  std::map<int, double> oracle;

  int num_solved_outputs() const;
  // Tasks all of whose test outputs are solved.
  int num_solved_tasks() const;
};

// All ranked candidates per (task, test index), best first; may be empty.
using CandidateGrids = std::map<std::pair<std::string, int>, std::vector<Grid>>;

// Scores the tasks of `solutions`; an empty grid there is an output that is not
// known and not scored. A test input that the submission lacks counts as wrong.
// InvalidArgument when they share no task or no output is known.
absl::StatusOr<ScoreTable> Score(const Submission& submission,
                                 const SolutionSet& solutions,
                                 const CandidateGrids& candidates = {});

// {"tasks":N,"outputs":N,"per_output":{"pass@1":x,"pass@2":x},
//  "per_task":{…},"oracle":{"pass@1":…,"pass@all":…},
//  "solved_outputs":["id[0]",…]}
// "oracle" only when it is known. One line.
std::string ScoreJson(const ScoreTable& score);
// The same for people: both averages, then a line per task when `per_task`.
std::string ScoreText(const ScoreTable& score, bool per_task);

}  // namespace arctrm
