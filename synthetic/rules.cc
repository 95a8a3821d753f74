// SPDX-License-Identifier: MIT
#include "synthetic/rules.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "synthetic/internal/rule_kit.h"

namespace arctrm {
namespace {

// Far more than any rule needs with the default options.
constexpr int kTriesPerPair = 2000;
constexpr int kTriesPerTask = 300;

bool Occurs(const Grid& input, const std::vector<Pair>& pairs) {
  return std::any_of(pairs.begin(), pairs.end(),
                     [&](const Pair& pair) { return pair.input == input; });
}

bool Explains(const Rule& rule, int parameter, const std::vector<Pair>& pairs) {
  return std::all_of(pairs.begin(), pairs.end(), [&](const Pair& pair) {
    return rule.solve(parameter, pair.input) == pair.output;
  });
}

absl::Status CheckOptions(const SyntheticOptions& options) {
  if (options.min_side < kMinSyntheticSide ||
      options.max_side > kMaxSyntheticSide ||
      options.min_side > options.max_side) {
    return absl::InvalidArgumentError(
        absl::StrCat("sides ", options.min_side, " to ", options.max_side,
                     ": generated grids have sides of ", kMinSyntheticSide,
                     " to ", kMaxSyntheticSide, ", the smaller one first"));
  }
  if (options.min_demonstrations < 1 ||
      options.min_demonstrations > options.max_demonstrations) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.min_demonstrations, " to ", options.max_demonstrations,
        " demonstrations: at least 1, the smaller one first"));
  }
  if (options.test_inputs < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.test_inputs, " test inputs: a task needs at least 1"));
  }
  return absl::OkStatus();
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
    if (Explains(rule, p, pairs)) consistent.push_back(p);
  }
  return consistent;
}

std::vector<Grid> PossibleAnswers(const std::vector<Pair>& demonstrations,
                                  const Grid& input) {
  std::set<Grid> answers;
  for (const Rule& rule : AllRules()) {
    for (int p : ConsistentParameters(rule, demonstrations)) {
      answers.insert(rule.solve(p, input));
    }
  }
  return {answers.begin(), answers.end()};
}

absl::StatusOr<SyntheticTask> GenerateTask(const Rule& rule, uint64_t seed,
                                           int index,
                                           const SyntheticOptions& options) {
  ARCTRM_RETURN_IF_ERROR(CheckOptions(options));
  Random random(seed, absl::StrCat("synthetic/", rule.name, "/", index));
  const int parameter = static_cast<int>(
      random.Below(static_cast<uint64_t>(rule.num_parameters)));
  SyntheticTask out;
  out.rule = rule.name;
  out.task.id = absl::StrFormat("%s-%x-%d", rule.name, seed, index);
  const auto too_few = [&](absl::string_view what) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "rule ", rule.name, ": ", what, " with ", options.min_demonstrations,
        " to ", options.max_demonstrations, " demonstrations, ",
        options.test_inputs, " test inputs and sides of ", options.min_side,
        " to ", options.max_side));
  };
  for (int attempt = 0; attempt < kTriesPerTask; ++attempt) {
    const int demonstrations =
        random.Between(options.min_demonstrations, options.max_demonstrations);
    std::vector<Pair> pairs;
    for (int tries = 0;
         static_cast<int>(pairs.size()) < demonstrations + options.test_inputs;
         ++tries) {
      if (tries == kTriesPerPair) {
        return too_few("there are not enough different grids");
      }
      Pair pair;
      pair.input = rule.sample(parameter, options, random);
      pair.output = rule.solve(parameter, pair.input);
      if (pair.input == pair.output || Occurs(pair.input, pairs)) continue;
      pairs.push_back(std::move(pair));
      tries = 0;
    }
    const auto first_test = pairs.begin() + demonstrations;
    out.task.demonstrations.assign(pairs.begin(), first_test);
    if (!std::all_of(first_test, pairs.end(), [&](const Pair& pair) {
          return PossibleAnswers(out.task.demonstrations, pair.input).size() ==
                 1;
        })) {
      continue;
    }
    for (auto pair = first_test; pair != pairs.end(); ++pair) {
      out.task.test_inputs.push_back(std::move(pair->input));
      out.solutions.push_back(std::move(pair->output));
    }
    return out;
  }
  return too_few("the answer stays open");
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
  if (per_rule < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(per_rule, " tasks of each rule: at least 1"));
  }
  SyntheticSet set;
  for (const Rule& rule : AllRules()) {
    if (!rule_names.empty() && std::find(rule_names.begin(), rule_names.end(),
                                         rule.name) == rule_names.end()) {
      continue;
    }
    for (int i = 0; i < per_rule; ++i) {
      ARCTRM_ASSIGN_OR_RETURN(SyntheticTask task,
                              GenerateTask(rule, seed, i, options));
      set.rules.push_back(task.rule);
      set.solutions[task.task.id] = std::move(task.solutions);
      set.challenges.tasks.push_back(std::move(task.task));
    }
  }
  return set;
}

}  // namespace arctrm
