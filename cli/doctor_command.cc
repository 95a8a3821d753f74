// SPDX-License-Identifier: MIT
#include "cli/doctor_command.h"

namespace arctrm {

CLI::App* AddDoctorCommand(CLI::App& app, DoctorFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "doctor", "Describe this machine and check that training works on it");
  AddJsonFlag(*command, flags.json);
  AddCommonFlags(*command, {}, flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm doctor\n"
      "  arctrm doctor --json");
  return command;
}

}  // namespace arctrm
