// SPDX-License-Identifier: MIT
#include "cli/demo_command.h"

namespace arctrm {

CLI::App* AddDemoCommand(CLI::App& app, DemoFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "demo", "Generate tasks, solve them, score and report");
  command
      ->add_option("--out", flags.out,
                   "Folder for tasks, submission and report")
      ->type_name("DIR")
      ->capture_default_str();
  AddDurationFlag(*command, "--time-limit", flags.time_limit,
                  "Wall-clock time for everything, e.g. 90s or 10m");
  AddSwitch(*command, "--from-scratch", flags.from_scratch,
            "Start from random weights, not from the bundled ones");
  AddCommonFlags(*command,
                 {.seed = true,
                  .threads = true,
                  .model = true,
                  .work = true,
                  .writes = true},
                 flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm demo\n"
      "  arctrm demo --out demo --seed 7 --time-limit 5m --from-scratch");
  return command;
}

}  // namespace arctrm
