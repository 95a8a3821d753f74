// SPDX-License-Identifier: MIT
// Rules that generate ARC-format tasks by seed: the demo, tests, extra training
// data. Every rule is a function of the input grid and of a setting drawn once
// per task, and the demonstrations single out one answer to each test input.
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
  // Sides of inputs, 3 to 8. A rule that needs room (an object and a place
  // beside it) takes up to 6 where less is asked for, and an overlay two halves
  // of 3 or 4; a rule that doubles the grid starts from at most 4. No output is
  // larger than 8x8.
  int min_side = kMinSyntheticSide;
  int max_side = kMaxSyntheticSide;
  int min_demonstrations = 3;
  int max_demonstrations = 5;
  int test_inputs = 1;
};

// A rule is a function of the input grid and of one parameter, an index into
// its settings (a direction, a colour, a pair of colours ...), drawn once per
// task.
struct Rule {
  // "gravity", "flip", "fill_enclosed" ...: lower case with underscores.
  std::string name;
  // One line for people.
  std::string description;
  // Settings are 0 ... num_parameters - 1.
  int num_parameters;
  // A grid on which this setting does something visible.
  Grid (*sample)(int parameter, const SyntheticOptions& options,
                 Random& random);
  // The one right answer. Deterministic; defined for every grid of up to 15x15,
  // so that any rule can be asked whether it explains any task.
  Grid (*solve)(int parameter, const Grid& input);
};

// All rules, in a fixed order; names are unique.
const std::vector<Rule>& AllRules();

struct SyntheticTask {
  std::string rule;
  Task task;
  std::vector<Grid> solutions;
};

// Settings of `rule` that explain all `pairs`.
std::vector<int> ConsistentParameters(const Rule& rule,
                                      const std::vector<Pair>& pairs);

// What the settings of all rules that explain the demonstrations answer to
// `input`: sorted, each answer once. One answer means that the task is fair.
std::vector<Grid> PossibleAnswers(const std::vector<Pair>& demonstrations,
                                  const Grid& input);

// One task of `rule`. Ids are "<rule>-<seed in hex>-<index>". Deterministic.
// Inputs of one task are pairwise different and none equals its output. Pairs
// are redrawn until each test input has one possible answer.
// InvalidArgument for options out of range, ResourceExhausted where such grids
// are too few, or demonstrations too few to single out an answer.
absl::StatusOr<SyntheticTask> GenerateTask(const Rule& rule, uint64_t seed,
                                           int index,
                                           const SyntheticOptions& options);

struct SyntheticSet {
  ChallengeSet challenges;
  SolutionSet solutions;
  // Rule name by task, aligned with challenges.tasks.
  std::vector<std::string> rules;
};

// `per_rule` tasks of each named rule (all when empty), in the order of
// AllRules. NotFound for a name that is no rule, else as GenerateTask.
absl::StatusOr<SyntheticSet> GenerateSet(
    const std::vector<std::string>& rule_names, int per_rule, uint64_t seed,
    const SyntheticOptions& options);

}  // namespace arctrm
