// SPDX-License-Identifier: MIT
// Tasks and answers, as in the files of the competition.
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

// A task: at least one demonstration and one test input. Test outputs are kept
// elsewhere, so that training on them by accident is impossible.
struct Task {
  std::string id;
  std::vector<Pair> demonstrations;
  std::vector<Grid> test_inputs;
  friend bool operator==(const Task&, const Task&) = default;
};

// In file order, with unique ids.
struct ChallengeSet {
  std::vector<Task> tasks;
  // nullptr if absent. Takes linear time; build an index for many look-ups.
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
