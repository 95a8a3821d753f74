// SPDX-License-Identifier: MIT
#include "cli/demo_command.h"

namespace arctrm {

CLI::App* AddDemoCommand(CLI::App& app, DemoFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "demo", "Generate tasks, solve and score them, and write a report");
  command
      ->add_option("--out", flags.out,
                   "Folder for the tasks, the submission and the report")
      ->type_name("DIR")
      ->capture_default_str();
  AddDurationFlag(*command, "--time-limit", flags.time_limit,
                  "Wall-clock time limit of the whole demo, e.g. 90s or 10m "
                  "(default: 5m)");
  AddSwitch(*command, "--from-scratch", flags.from_scratch,
            "Start from random weights instead of the bundled ones");
  CommonUse use = kTrainingUse;
  use.recipe = "demo, or demo-from-scratch with --from-scratch";
  AddCommonFlags(*command, use, flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm demo\n"
      "  arctrm demo --out demo --seed 7 --time-limit 5m --from-scratch");
  return command;
}

}  // namespace arctrm
