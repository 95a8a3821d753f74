// SPDX-License-Identifier: MIT
// Writes generated tasks as Kaggle files: pretraining data, or more tasks for
// whoever trains on them.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "arc/write.h"
#include "base/files.h"
#include "base/status.h"
#include "synthetic/rules.h"

namespace arctrm {
namespace {

struct Flags {
  std::vector<std::string> rules;
  std::vector<std::string> exclude;
  int per_rule = 1;
  uint64_t seed = 0;
  SyntheticOptions options;
  std::string challenges;
  std::string solutions;
  bool list = false;
};

absl::Status Run(const Flags& flags) {
  std::vector<std::string> names = flags.rules;
  for (const Rule& rule : AllRules()) {
    if (flags.list) {
      std::fputs(absl::StrCat(rule.name, ": ", rule.description, "\n").c_str(),
                 stdout);
    }
    if (flags.rules.empty()) names.push_back(rule.name);
  }
  if (flags.list) return absl::OkStatus();
  if (flags.challenges.empty()) {
    return absl::InvalidArgumentError(
        "--out-challenges is missing: where shall the tasks go?");
  }
  for (const std::string& name : flags.exclude) {
    const auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end()) {
      return absl::NotFoundError(
          absl::StrCat("--exclude ", name, ": no such rule (see --list)"));
    }
    names.erase(it);
  }
  ARCTRM_ASSIGN_OR_RETURN(
      const SyntheticSet set,
      GenerateSet(names, flags.per_rule, flags.seed, flags.options));
  ARCTRM_RETURN_IF_ERROR(
      WriteFileAtomically(flags.challenges, ChallengesJson(set.challenges)));
  if (flags.solutions.empty()) return absl::OkStatus();
  return WriteFileAtomically(flags.solutions, SolutionsJson(set.solutions));
}

}  // namespace
}  // namespace arctrm

int main(int argc, char** argv) {
  CLI::App app("Generated ARC-format tasks as Kaggle files");
  arctrm::Flags flags;
  app.add_option("--rules", flags.rules, "Only these rules")->delimiter(',');
  app.add_option("--exclude", flags.exclude, "All but these")->delimiter(',');
  app.add_option("--per-rule", flags.per_rule, "Tasks of each rule")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--seed", flags.seed, "Demo seeds are below 2^30");
  app.add_option("--min-demonstrations", flags.options.min_demonstrations)
      ->check(CLI::Range(1, 100));
  app.add_option("--max-demonstrations", flags.options.max_demonstrations)
      ->check(CLI::Range(1, 100));
  app.add_option("--tests", flags.options.test_inputs)
      ->check(CLI::Range(1, 100));
  app.add_option("--out-challenges", flags.challenges, "File to write");
  app.add_option("--out-solutions", flags.solutions, "File to write");
  app.add_flag("--list", flags.list, "Name the rules");
  CLI11_PARSE(app, argc, argv);
  if (flags.options.min_demonstrations > flags.options.max_demonstrations) {
    flags.options.max_demonstrations = flags.options.min_demonstrations;
  }
  const absl::Status status = arctrm::Run(flags);
  if (!status.ok()) {
    std::fprintf(stderr, "arctrm-make-tasks: %s\n",
                 std::string(status.message()).c_str());
    return 2;
  }
  return 0;
}
