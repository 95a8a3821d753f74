// SPDX-License-Identifier: MIT
#include "cli/submit_command.h"

#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "base/printable.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/inputs.h"
#include "submission/validate.h"
#include "submission/write.h"

namespace arctrm {
namespace {

absl::StatusOr<int> Submit(const SubmitFlags& flags, Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(const TaskFiles files,
                          LoadChallenges(flags.challenges, log));
  std::vector<WeightedSubmission> parts;
  for (const std::string& text : flags.merge) {
    ARCTRM_ASSIGN_OR_RETURN(const WeightedPath part, ParseWeightedPath(text));
    ARCTRM_ASSIGN_OR_RETURN(const std::vector<std::string> faults,
                            ValidateSubmission(part.path, files.challenges));
    if (!faults.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          part.path, ": ",
          Counted(static_cast<int64_t>(faults.size()), "fault"),
          ", the first: ", faults[0], "; `arctrm validate` lists them all"));
    }
    ARCTRM_ASSIGN_OR_RETURN(Submission submission, ReadSubmission(part.path));
    parts.push_back({std::move(submission), part.weight});
  }
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  ARCTRM_RETURN_IF_ERROR(CheckOutputFile(flags.out));
  const Submission submission = MergeSubmissions(parts, files.challenges);
  ARCTRM_RETURN_IF_ERROR(CheckNoOtherAnswers(
      flags.out, submission, files.challenges, flags.common.overwrite));
  ARCTRM_RETURN_IF_ERROR(
      WriteSubmission(submission, files.challenges, flags.out));
  log.Info(
      absl::StrCat("wrote ", flags.out, ": ",
                   Counted(static_cast<int64_t>(parts.size()), "submission"),
                   " merged, ", TasksText(files.challenges)));
  return kExitDone;
}

}  // namespace

CLI::App* AddSubmitCommand(CLI::App& app, SubmitFlags& flags) {
  CLI::App* command =
      app.add_subcommand("submit", "Merge several submissions into one");
  AddWeightedFlag(*command, "--merge", flags.merge,
                  "Submissions to merge; WEIGHT (default: 1) counts for "
                  "attempt_1, half of it for attempt_2");
  AddChallengesFlag(*command, flags.challenges)->required();
  AddSubmissionOutFlag(*command, flags.out);
  AddCommonFlags(*command, {.writes = true}, flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm submit --merge a.json b.json:0.5 --challenges challenges.json "
      "\\\n"
      "    --out submission.json");
  return command;
}

int RunSubmit(const SubmitFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return Submit(flags, log); });
}

}  // namespace arctrm
