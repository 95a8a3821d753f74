// SPDX-License-Identifier: MIT
#include "cli/report_command.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/inputs.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_report.h"

namespace arctrm {

CLI::App* AddReportCommand(CLI::App& app, ReportFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "report", "Write the HTML report of a run, finished or not");
  command
      ->add_option("--run", flags.run,
                   "Work folder of the run, e.g. submission.json.run")
      ->type_name("DIR")
      ->required();
  command->add_option("--out", flags.out, "HTML file to write")
      ->type_name("F.html")
      ->required();
  AddCommonFlags(*command, {.writes = true}, flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm report --run submission.json.run --out report.html");
  return command;
}

int RunReport(const ReportFlags& flags) {
  return RunGuarded(flags, [&](Log& log) -> absl::StatusOr<int> {
    ARCTRM_RETURN_IF_ERROR(RunFolder(flags.run).ReadRecord().status());
    ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
    ARCTRM_RETURN_IF_ERROR(CheckOutputFile(flags.out));
    ARCTRM_RETURN_IF_ERROR(WriteRunReport(flags.run, flags.out));
    log.Info(absl::StrCat("wrote ", flags.out));
    return kExitDone;
  });
}

}  // namespace arctrm
