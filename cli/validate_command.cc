// SPDX-License-Identifier: MIT
#include "cli/validate_command.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/inputs.h"
#include "submission/validate.h"

namespace arctrm {
namespace {

absl::StatusOr<int> Validate(const ValidateFlags& flags, Log& log) {
  if (IsDirectory(flags.submission)) {
    return absl::InvalidArgumentError(absl::StrCat(
        flags.submission,
        ": is a folder, but a submission is one file; `arctrm score` reads "
        "folders"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const TaskFiles files,
                          LoadChallenges(flags.challenges, log));
  ARCTRM_ASSIGN_OR_RETURN(
      const std::vector<std::string> faults,
      ValidateSubmission(flags.submission, files.challenges));
  if (faults.empty()) {
    ARCTRM_RETURN_IF_ERROR(PrintResult(
        absl::StrCat("valid: ", TasksText(files.challenges), "\n")));
    return kExitDone;
  }
  std::string text;
  for (const std::string& fault : faults) {
    absl::StrAppend(&text, Printable(fault), "\n");
  }
  ARCTRM_RETURN_IF_ERROR(PrintResult(text));
  const std::string summary =
      absl::StrCat(flags.submission, ": not valid, ",
                   Counted(static_cast<int64_t>(faults.size()), "fault"));
  // Names the form of a file that is not a submission.
  const absl::Status form = CheckSubmissionDocument(flags.submission);
  bool listed = form.ok();
  for (const std::string& fault : faults) {
    listed = listed || absl::StrContains(form.message(), fault) ||
             absl::StrContains(fault, form.message());
  }
  return absl::InvalidArgumentError(
      listed ? summary : absl::StrCat(summary, ": ", form.message()));
}

}  // namespace

CLI::App* AddValidateCommand(CLI::App& app, ValidateFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "validate", "Check a submission strictly and list every fault");
  AddChallengesFlag(*command, flags.challenges)
      ->required()
      ->allow_extra_args(false)
      ->type_name("F")
      ->description("Tasks that the submission must answer; repeatable");
  command->add_option("submission", flags.submission, "Submission to check")
      ->type_name("F.json")
      ->required();
  AddCommonFlags(*command, {}, flags.common);
  command->footer(
      "Exit code 0: the submission is valid; 2: it is not, and standard "
      "output\n"
      "lists every fault.\n\n"
      "Examples:\n"
      "  arctrm validate --challenges challenges.json submission.json");
  return command;
}

int RunValidate(const ValidateFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return Validate(flags, log); });
}

}  // namespace arctrm
