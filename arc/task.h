// SPDX-License-Identifier: MIT
// Tasks and answers, as the competition's files hold them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "arc/grid.h"

namespace arctrm {

struct Pair {
  Grid input;
  Grid output;
  friend bool operator==(const Pair&, const Pair&) = default;
};

// One puzzle: at least one demonstration and one test input. Test outputs are
// not here, so that nothing can train on them by accident.
struct Task {
  std::string id;
  std::vector<Pair> demonstrations;
  std::vector<Grid> test_inputs;
  friend bool operator==(const Task&, const Task&) = default;
};

// In the order of the file. Ids are unique.
struct ChallengeSet {
  std::vector<Task> tasks;
  // nullptr when absent. Linear; index it yourself for many look-ups.
  const Task* Find(absl::string_view id) const;
  int num_test_inputs() const;
};

// Test outputs by task id, one per test input, in order.
using SolutionSet = std::map<std::string, std::vector<Grid>>;

// The two answers that the competition allows for one test input.
struct Attempts {
  Grid attempt_1;
  Grid attempt_2;
  friend bool operator==(const Attempts&, const Attempts&) = default;
};

// Attempts by task id, one per test input, in order.
using Submission = std::map<std::string, std::vector<Attempts>>;

}  // namespace arctrm
