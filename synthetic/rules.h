// SPDX-License-Identifier: MIT
// Rules that generate ARC-format tasks by seed: the demo, tests, extra training
// data. Every rule is a function of the input grid and of parameters drawn once
// per task, so that each test input has exactly one right answer, and the
// demonstrations show everything the answer depends on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/task.h"
#include "base/random.h"

namespace arctrm {

struct SyntheticOptions {
  int min_side = 3;
  int max_side = 8;
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
  // The one right answer. Deterministic; defined for what any setting's sample
  // makes.
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

// One task of `rule`. Ids are "<rule>-<seed in hex>-<index>". Deterministic.
// Inputs of one task are pairwise different and none equals its output. Pairs
// are redrawn until every setting that explains the demonstrations gives the
// same answers to the test inputs.
SyntheticTask GenerateTask(const Rule& rule, uint64_t seed, int index,
                           const SyntheticOptions& options);

struct SyntheticSet {
  ChallengeSet challenges;
  SolutionSet solutions;
  // Rule name by task, aligned with challenges.tasks.
  std::vector<std::string> rules;
};

// `per_rule` tasks of each named rule (all when empty). NotFound for a name
// that is no rule.
absl::StatusOr<SyntheticSet> GenerateSet(
    const std::vector<std::string>& rule_names, int per_rule, uint64_t seed,
    const SyntheticOptions& options);

}  // namespace arctrm
