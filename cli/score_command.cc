// SPDX-License-Identifier: MIT
#include "cli/score_command.h"

#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/inputs.h"
#include "simdjson.h"
#include "submission/score.h"
#include "submission/validate.h"

namespace arctrm {
namespace {

// What the run that made the submission warned of, e.g. that scored tasks were
// trained on.
std::vector<std::string> RunWarnings(const std::string& submission, Log& log) {
  const std::string path =
      JoinPath(absl::StrCat(submission, ".run"), "run.json");
  std::vector<std::string> warnings;
  if (!FileExists(path)) return warnings;
  const absl::StatusOr<std::string> text = ReadFile(path);
  simdjson::dom::parser parser;
  simdjson::dom::object run;
  if (!text.ok() ||
      parser.parse(*text).get_object().get(run) != simdjson::SUCCESS) {
    log.Warning(absl::StrCat(
        path, ": can't be read, so warnings of that run are not shown"));
    return warnings;
  }
  simdjson::dom::array list;
  if (run["warnings"].get(list) != simdjson::SUCCESS) return warnings;
  for (const simdjson::dom::element item : list) {
    std::string_view warning;
    if (item.get(warning) == simdjson::SUCCESS) warnings.emplace_back(warning);
  }
  return warnings;
}

absl::StatusOr<int> DoScore(const ScoreFlags& flags, Log& log) {
  TaskFiles files;
  if (!flags.challenges.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(files, LoadChallenges(flags.challenges));
  }
  ARCTRM_ASSIGN_OR_RETURN(
      const SolutionSet solutions,
      LoadSolutions(flags.solutions,
                    flags.challenges.empty() ? nullptr : &files.challenges));
  if (!flags.challenges.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(
        const std::vector<std::string> faults,
        ValidateSubmission(flags.submission, files.challenges));
    if (!faults.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(flags.submission, ": not valid, ", faults.size(),
                       " faults, the first: ", faults[0],
                       "; `arctrm validate` lists them all"));
    }
  }
  ARCTRM_ASSIGN_OR_RETURN(const Submission submission,
                          ReadSubmission(flags.submission));
  ARCTRM_ASSIGN_OR_RETURN(const ScoreTable score, Score(submission, solutions));
  const std::vector<std::string> warnings = RunWarnings(flags.submission, log);
  for (const std::string& warning : warnings) log.Warning(warning);
  std::string text;
  if (flags.json) {
    text = ScoreJson(score);
  } else {
    text = ScoreText(score, flags.tasks);
    for (const std::string& warning : warnings) {
      if (!text.empty() && text.back() != '\n') text.push_back('\n');
      absl::StrAppend(&text, "warning: ", warning, "\n");
    }
  }
  if (!text.empty() && text.back() != '\n') text.push_back('\n');
  ARCTRM_RETURN_IF_ERROR(PrintResult(text));
  return kExitDone;
}

}  // namespace

CLI::App* AddScoreCommand(CLI::App& app, ScoreFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "score", "Score a submission against the right answers");
  command
      ->add_option("--solutions", flags.solutions,
                   "A Kaggle solutions file, or a folder of task files with "
                   "their test outputs")
      ->type_name("F")
      ->required();
  AddChallengesFlag(*command, flags.challenges)
      ->allow_extra_args(false)
      ->type_name("F")
      ->description(
          "Also check that solutions and submission fit these tasks; "
          "repeatable");
  command->add_option("submission", flags.submission, "The submission to score")
      ->type_name("F.json")
      ->required();
  AddJsonFlag(*command, flags.json);
  AddSwitch(*command, "--tasks", flags.tasks, "Also a line for every task")
      ->excludes("--json");
  AddCommonFlags(*command, {}, flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm score --solutions solutions.json submission.json\n"
      "  arctrm score --solutions solutions.json --challenges challenges.json "
      "\\\n"
      "    submission.json --json");
  return command;
}

int RunScore(const ScoreFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return DoScore(flags, log); });
}

}  // namespace arctrm
