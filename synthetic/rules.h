// SPDX-License-Identifier: MIT
// Rules that generate tasks by seed for the demo, tests and extra training
// data. A rule maps an input grid and a setting, drawn once per task, to an
// output. The demonstrations determine the answer to each test input uniquely.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/task.h"
#include "base/random.h"

namespace arctrm {

inline constexpr int kMinSyntheticSide = 3;
inline constexpr int kMaxSyntheticSide = 8;

struct SyntheticOptions {
  // Sides of inputs, 3 to 8. Rules that need room, for an object and free
  // cells, use up to 6 even if less is requested; overlays use halves of 3 or
  // 4; rules that double the grid use at most 4. No output exceeds 8x8.
  int min_side = kMinSyntheticSide;
  int max_side = kMaxSyntheticSide;
  int min_demonstrations = 3;
  int max_demonstrations = 5;
  int test_inputs = 1;
};

// A rule has a parameter, drawn once per task: an index into its settings (a
// direction, a colour, a pair of colours ...).
struct Rule {
  // Lower case with underscores: "gravity", "flip", "fill_enclosed".
  std::string name;
  // One line for display.
  std::string description;
  // Settings are 0 ... num_parameters - 1.
  int num_parameters;
  // Draws a grid on which this setting has a visible effect.
  Grid (*sample)(int parameter, const SyntheticOptions& options,
                 Random& random);
  // The right answer. Deterministic, and defined for every grid up to 15x15, so
  // that every rule can be tested on every task.
  Grid (*solve)(int parameter, const Grid& input);
};

// All rules, in a fixed order; names are unique.
const std::vector<Rule>& AllRules();

struct SyntheticTask {
  std::string rule;
  Task task;
  std::vector<Grid> solutions;
};

// Settings of `rule` with which it maps every input to its output.
std::vector<int> ConsistentParameters(const Rule& rule,
                                      const std::vector<Pair>& pairs);

// The different answers to `input`, sorted, of all rules and settings that
// explain the demonstrations. A fair task has exactly one.
std::vector<Grid> PossibleAnswers(const std::vector<Pair>& demonstrations,
                                  const Grid& input);

// Generates a task with the id "<rule>-<seed in hex>-<index>". Deterministic.
// All inputs differ, and no input equals its output. Redraws pairs until each
// test input has one possible answer. InvalidArgument for options out of range;
// ResourceExhausted if there are too few such grids, or too few demonstrations
// for a unique answer.
absl::StatusOr<SyntheticTask> GenerateTask(const Rule& rule, uint64_t seed,
                                           int index,
                                           const SyntheticOptions& options);

struct SyntheticSet {
  ChallengeSet challenges;
  SolutionSet solutions;
  // The rule of each task in challenges.tasks.
  std::vector<std::string> rules;
};

// Generates `per_rule` tasks for each named rule, or for all rules if `names`
// is empty, in the order of AllRules. NotFound for an unknown rule, otherwise
// errors of GenerateTask.
absl::StatusOr<SyntheticSet> GenerateSet(
    const std::vector<std::string>& rule_names, int per_rule, uint64_t seed,
    const SyntheticOptions& options);

}  // namespace arctrm
