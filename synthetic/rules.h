// SPDX-License-Identifier: MIT
// Rules that generate ARC-format tasks by seed: the demo, tests, extra training
// data. Every rule is a function of the input grid and of parameters drawn once
// per task, so that each test input has exactly one right answer, and the
// demonstrations show everything the answer depends on.
#pragma once

#include <cstdint>
#include <memory>
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

// Parameters of one task of a rule, drawn once; `Solve` is the rule itself.
class RuleInstance {
 public:
  virtual ~RuleInstance() = default;
  // A grid on which the rule does something visible.
  virtual Grid SampleInput(const SyntheticOptions& options,
                           Random& random) const = 0;
  // The one right answer. Deterministic; total on what SampleInput makes.
  virtual Grid Solve(const Grid& input) const = 0;
};

struct Rule {
  // "gravity", "flip", "fill_enclosed" …: lower case with underscores.
  std::string name;
  // One line for people.
  std::string description;
  std::unique_ptr<RuleInstance> (*make)(Random& random);
};

// All rules, in a fixed order; names are unique.
const std::vector<Rule>& AllRules();

struct SyntheticTask {
  std::string rule;
  Task task;
  std::vector<Grid> solutions;
};

// One task of `rule`. Ids are "<rule>-<seed in hex>-<index>". Deterministic.
// Inputs of one task are pairwise different; a demonstration set that does not
// determine the parameters is redrawn (see rules.cc for how a rule tells).
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
