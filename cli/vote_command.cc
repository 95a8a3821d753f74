// SPDX-License-Identifier: MIT
#include "cli/vote_command.h"

#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/inputs.h"
#include "submission/write.h"
#include "tta/ballots.h"

namespace arctrm {
namespace {

absl::StatusOr<int> DoVote(const VoteFlags& flags, Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(const TaskFiles files,
                          LoadChallenges(flags.challenges, log));
  Ballots ballots;
  for (const std::string& text : flags.ballots) {
    ARCTRM_ASSIGN_OR_RETURN(const WeightedPath part, ParseWeightedPath(text));
    ARCTRM_ASSIGN_OR_RETURN(const Ballots read, Ballots::Read(part.path));
    ballots.Merge(read, part.weight);
  }
  int without = 0;
  for (const Task& task : files.challenges.tasks) {
    for (int i = 0; i < static_cast<int>(task.test_inputs.size()); ++i) {
      without += ballots.num_votes(task.id, i) == 0;
    }
  }
  const int num_tests = files.challenges.num_test_inputs();
  if (without == num_tests) {
    return absl::InvalidArgumentError(absl::StrCat(
        "none of the ", num_tests,
        " test inputs has a vote; are these the ballots of these tasks?"));
  }
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  ARCTRM_RETURN_IF_ERROR(CheckOutputFile(flags.out));
  const Submission submission = ChooseAttempts(ballots, files.challenges);
  ARCTRM_RETURN_IF_ERROR(CheckNoOtherAnswers(
      flags.out, submission, files.challenges, flags.common.overwrite));
  ARCTRM_RETURN_IF_ERROR(
      WriteSubmission(submission, files.challenges, flags.out));
  if (without > 0) {
    log.Warning(absl::StrCat(without, " of ", Counted(num_tests, "test input"),
                             " have no vote; their attempts are second answers "
                             "of views, or the test input itself and a blank "
                             "grid"));
  }
  log.Info(
      absl::StrCat("wrote ", flags.out, ": ", TasksText(files.challenges)));
  return kExitDone;
}

}  // namespace

CLI::App* AddVoteCommand(CLI::App& app, VoteFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "vote", "Merge ballots and write the submission that they give");
  AddWeightedFlag(*command, "--ballots", flags.ballots,
                  "Ballots files of `arctrm predict` or of a run; WEIGHT "
                  "(default: 1) multiplies their votes");
  AddChallengesFlag(*command, flags.challenges)->required();
  AddSubmissionOutFlag(*command, flags.out);
  AddCommonFlags(*command, {.writes = true}, flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm vote --ballots ballots.zst --challenges challenges.json \\\n"
      "    --out submission.json\n"
      "  arctrm vote --ballots a.zst:2 b.zst --challenges challenges.json \\\n"
      "    --out submission.json");
  return command;
}

int RunVote(const VoteFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return DoVote(flags, log); });
}

}  // namespace arctrm
