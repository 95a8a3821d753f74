// SPDX-License-Identifier: MIT
#include "cli/score_command.h"

#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/inputs.h"
#include "simdjson.h"
#include "submission/partial.h"
#include "submission/score.h"
#include "submission/validate.h"

namespace arctrm {
namespace {

// Returns the warnings of the run that made the submission, e.g. that scored
// tasks were trained on.
std::vector<std::string> RunWarnings(const std::string& submission, Log& log) {
  const std::string path = JoinPath(BesidePath(submission, ".run"), "run.json");
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

// Adds the tasks of the submission to `status`, because the name of a file may
// be the task id.
absl::Status NothingInCommon(const Submission& submission,
                             const absl::Status& status) {
  std::vector<std::string> ids;
  for (const auto& [id, attempts] : submission) ids.push_back(id);
  constexpr size_t kListed = 3;
  return absl::InvalidArgumentError(absl::StrCat(
      status.message(), " The submission holds ",
      RemarkText(
          {absl::StrCat(ids.size(), ids.size() == 1 ? " task" : " tasks"), ids},
          kListed),
      "; a file with the attempts of one task must be named TASK.json"));
}

absl::StatusOr<int> DoScore(const ScoreFlags& flags, Log& log) {
  TaskFiles files;
  if (!flags.challenges.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(files, LoadChallenges(flags.challenges, log));
  }
  ARCTRM_ASSIGN_OR_RETURN(
      const SolutionSet solutions,
      LoadSolutions(flags.solutions,
                    flags.challenges.empty() ? nullptr : &files.challenges,
                    log));
  ARCTRM_ASSIGN_OR_RETURN(const ReadSubmissionResult read,
                          ReadPartialSubmission(flags.submission));
  LogRemarks(read.remarks, log);
  absl::StatusOr<ScoreTable> score = Score(read.submission, solutions);
  if (!score.ok()) {
    for (const auto& [id, attempts] : read.submission) {
      if (solutions.count(id) > 0) {
        return Annotate(score.status(), flags.solutions);
      }
    }
    return NothingInCommon(read.submission, score.status());
  }
  const Coverage coverage = Compare(read.submission, solutions);
  std::vector<std::string> warnings = RunWarnings(flags.submission, log);
  for (std::string& line : AttemptRemarks(read)) {
    warnings.push_back(std::move(line));
  }
  for (std::string& line : CoverageRemarks(coverage, solutions.size())) {
    warnings.push_back(std::move(line));
  }
  for (const std::string& warning : warnings) log.Warning(warning);
  if (!flags.challenges.empty() && !IsDirectory(flags.submission)) {
    ARCTRM_ASSIGN_OR_RETURN(
        const std::vector<std::string> faults,
        ValidateSubmission(flags.submission, files.challenges));
    if (!faults.empty()) {
      warnings.push_back(absl::StrCat(
          "not valid: ", Counted(static_cast<int64_t>(faults.size()), "fault"),
          faults.size() == 1 ? ": " : ", the first: ", faults[0]));
      log.Warning(warnings.back());
    }
  }
  score->missing_tasks = static_cast<int>(coverage.missing_tasks.size());
  score->missing_outputs = static_cast<int>(coverage.missing_outputs.size());
  score->unusable_attempts = read.empty + read.missing + read.malformed;
  std::string text;
  if (flags.json) {
    text = ScoreJson(*score);
  } else {
    text = ScoreText(*score, flags.tasks);
    for (const std::string& warning : warnings) {
      if (!text.empty() && text.back() != '\n') text.push_back('\n');
      absl::StrAppend(&text, "warning: ", Printable(warning), "\n");
    }
  }
  if (!text.empty() && text.back() != '\n') text.push_back('\n');
  ARCTRM_RETURN_IF_ERROR(PrintResult(text));
  return kExitDone;
}

}  // namespace

CLI::App* AddScoreCommand(CLI::App& app, ScoreFlags& flags) {
  CLI::App* command =
      app.add_subcommand("score", "Score a complete or partial submission");
  command
      ->add_option("--solutions", flags.solutions,
                   "Kaggle solutions file, or folder of task files with test "
                   "outputs")
      ->type_name("F")
      ->required();
  AddChallengesFlag(*command, flags.challenges)
      ->allow_extra_args(false)
      ->type_name("F")
      ->description(
          "Tasks against which to check the solutions and the submission "
          "(default: no check); repeatable");
  command
      ->add_option("submission", flags.submission,
                   "Submission to score, or folder with a file of attempts "
                   "for each task")
      ->type_name("F")
      ->required();
  AddJsonFlag(*command, flags.json);
  AddSwitch(*command, "--tasks", flags.tasks,
            "Also print a line for every task")
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
