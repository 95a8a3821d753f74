// SPDX-License-Identifier: MIT
// arctrm-make-tasks writes generated tasks as Kaggle files, for pretraining and
// as extra training data.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "arc/write.h"
#include "base/files.h"
#include "base/printable.h"
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
  std::string demonstrations;
  std::string challenges;
  std::string solutions;
  bool list = false;
};

// Reads "3:5", or "4" for exactly four.
absl::Status ReadDemonstrations(const std::string& text,
                                SyntheticOptions& options) {
  const std::pair<std::string, std::string> ends =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  const std::string& last =
      text.find(':') == std::string::npos ? ends.first : ends.second;
  if (!absl::SimpleAtoi(ends.first, &options.min_demonstrations) ||
      !absl::SimpleAtoi(last, &options.max_demonstrations)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--demonstrations ", text, ": expected MIN:MAX, such as 3:5"));
  }
  return absl::OkStatus();
}

absl::Status List() {
  std::string text;
  for (const Rule& rule : AllRules()) {
    absl::StrAppend(&text, rule.name, ": ", rule.description, "\n");
  }
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    return ErrnoStatus(errno, "write", "standard output");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ChosenRules(const Flags& flags) {
  std::vector<std::string> names = flags.rules;
  if (names.empty()) {
    for (const Rule& rule : AllRules()) names.push_back(rule.name);
  }
  for (const std::string& name : flags.exclude) {
    const auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end()) {
      return absl::NotFoundError(
          absl::StrCat("--exclude ", name, ": not a rule (see --list)"));
    }
    names.erase(it);
  }
  if (names.empty()) {
    return absl::InvalidArgumentError("--exclude leaves no rule");
  }
  return names;
}

absl::Status Run(Flags flags) {
  if (flags.list) return List();
  if (flags.challenges.empty()) {
    return absl::InvalidArgumentError(
        "--out-challenges is missing: give the file for the tasks");
  }
  if (!flags.demonstrations.empty()) {
    ARCTRM_RETURN_IF_ERROR(
        ReadDemonstrations(flags.demonstrations, flags.options));
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                          ChosenRules(flags));
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
  CLI::App app("Writes generated ARC tasks as Kaggle files");
  arctrm::Flags flags;
  arctrm::SyntheticOptions& options = flags.options;
  app.add_option("--rules", flags.rules, "Use only these rules")
      ->delimiter(',');
  app.add_option("--exclude", flags.exclude, "Use all rules but these")
      ->delimiter(',');
  app.add_option("--per-rule", flags.per_rule, "Number of tasks of each rule")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--seed", flags.seed,
                 "Random seed; the demo uses seeds below 2^30")
      ->check(CLI::NonNegativeNumber);
  CLI::Option* both = app.add_option(
      "--demonstrations", flags.demonstrations,
      "Number of demonstrations of a task: MIN:MAX, or one number");
  app.add_option("--min-demonstrations", options.min_demonstrations,
                 "Minimum number of demonstrations")
      ->excludes(both);
  app.add_option("--max-demonstrations", options.max_demonstrations,
                 "Maximum number of demonstrations")
      ->excludes(both);
  app.add_option("--tests", options.test_inputs,
                 "Number of test inputs of a task");
  app.add_option("--min-side", options.min_side, "Smallest side of an input");
  app.add_option("--max-side", options.max_side, "Largest side of an input");
  app.add_option("--out-challenges", flags.challenges,
                 "Challenges file to write");
  app.add_option("--out-solutions", flags.solutions, "Solutions file to write");
  app.add_flag("--list", flags.list, "List the rules");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help
    std::fprintf(stderr, "arctrm-make-tasks: %s\n",
                 arctrm::Printable(error.what()).c_str());
    return 2;
  }
  const absl::Status status = arctrm::Run(flags);
  if (!status.ok()) {
    std::fprintf(stderr, "arctrm-make-tasks: %s\n",
                 arctrm::Printable(status.message()).c_str());
    return 2;
  }
  return 0;
}
