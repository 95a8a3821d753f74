// SPDX-License-Identifier: MIT
#include "synthetic/rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "synthetic/internal/rule_kit.h"

namespace arctrm {
namespace {

bool Occurs(const Grid& input, const std::vector<Pair>& pairs) {
  return std::any_of(pairs.begin(), pairs.end(),
                     [&](const Pair& pair) { return pair.input == input; });
}

}  // namespace

const std::vector<Rule>& AllRules() {
  static const std::vector<Rule>* const rules = [] {
    auto* all = new std::vector<Rule>;
    internal::AddGeometryRules(*all);
    internal::AddColorRules(*all);
    internal::AddFillRules(*all);
    internal::AddLineRules(*all);
    internal::AddObjectRules(*all);
    internal::AddPatternRules(*all);
    return all;
  }();
  return *rules;
}

std::vector<int> ConsistentParameters(const Rule& rule,
                                      const std::vector<Pair>& pairs) {
  std::vector<int> consistent;
  for (int p = 0; p < rule.num_parameters; ++p) {
    if (std::all_of(pairs.begin(), pairs.end(), [&](const Pair& pair) {
          return rule.solve(p, pair.input) == pair.output;
        })) {
      consistent.push_back(p);
    }
  }
  return consistent;
}

SyntheticTask GenerateTask(const Rule& rule, uint64_t seed, int index,
                           const SyntheticOptions& options) {
  Random random(seed, absl::StrCat("synthetic/", rule.name, "/", index));
  const int parameter = static_cast<int>(
      random.Below(static_cast<uint64_t>(rule.num_parameters)));
  SyntheticTask out;
  out.rule = rule.name;
  out.task.id = absl::StrFormat("%s-%x-%d", rule.name, seed, index);
  // Far more tries than any rule needs: running out is a bug of the rule.
  for (int attempt = 0; attempt < 2000; ++attempt) {
    const int demonstrations =
        random.Between(options.min_demonstrations, options.max_demonstrations);
    std::vector<Pair> pairs;
    for (int tries = 0;
         static_cast<int>(pairs.size()) < demonstrations + options.test_inputs;
         ++tries) {
      ARCTRM_CHECK(tries < 20000);
      Pair pair;
      pair.input = rule.sample(parameter, options, random);
      pair.output = rule.solve(parameter, pair.input);
      if (pair.input == pair.output || Occurs(pair.input, pairs)) continue;
      pairs.push_back(std::move(pair));
    }
    std::vector<Pair> shown(pairs.begin(), pairs.begin() + demonstrations);
    std::vector<Pair> asked(pairs.begin() + demonstrations, pairs.end());
    const std::vector<int> consistent = ConsistentParameters(rule, shown);
    const bool unique =
        std::all_of(consistent.begin(), consistent.end(), [&](int other) {
          return std::all_of(asked.begin(), asked.end(), [&](const Pair& pair) {
            return rule.solve(other, pair.input) == pair.output;
          });
        });
    if (!unique) continue;
    out.task.demonstrations = std::move(shown);
    for (Pair& pair : asked) {
      out.task.test_inputs.push_back(std::move(pair.input));
      out.solutions.push_back(std::move(pair.output));
    }
    return out;
  }
  ARCTRM_CHECK(false && "a rule whose demonstrations never determine it");
  return out;
}

absl::StatusOr<SyntheticSet> GenerateSet(
    const std::vector<std::string>& rule_names, int per_rule, uint64_t seed,
    const SyntheticOptions& options) {
  std::vector<std::string> known;
  for (const Rule& rule : AllRules()) known.push_back(rule.name);
  for (const std::string& name : rule_names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return absl::NotFoundError(absl::StrCat(
          "no rule \"", name, "\"; there are ", absl::StrJoin(known, ", ")));
    }
  }
  SyntheticSet set;
  for (const Rule& rule : AllRules()) {
    if (!rule_names.empty() && std::find(rule_names.begin(), rule_names.end(),
                                         rule.name) == rule_names.end()) {
      continue;
    }
    for (int i = 0; i < per_rule; ++i) {
      SyntheticTask task = GenerateTask(rule, seed, i, options);
      set.rules.push_back(task.rule);
      set.solutions[task.task.id] = std::move(task.solutions);
      set.challenges.tasks.push_back(std::move(task.task));
    }
  }
  return set;
}

}  // namespace arctrm
