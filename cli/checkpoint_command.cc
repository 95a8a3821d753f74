// SPDX-License-Identifier: MIT
#include "cli/checkpoint_command.h"

#include "base/status.h"
#include "solver/checkpoint_info.h"

namespace arctrm {

CLI::App* AddCheckpointCommand(CLI::App& app, CheckpointFlags& flags) {
  CLI::App* command =
      app.add_subcommand("checkpoint", "Look at weights and what they know");
  command->require_subcommand(1);
  CLI::App* info = command->add_subcommand(
      "info", "Settings, size, puzzle ids and training of a checkpoint");
  info->add_option("checkpoint", flags.info.checkpoint,
                   "A checkpoint folder or its weights file")
      ->type_name("F")
      ->required();
  AddSwitch(*info, "--json", flags.info.json, "One JSON document");
  AddCommonFlags(*info, {}, flags.info.common);
  info->footer(
      "Examples:\n"
      "  arctrm checkpoint info checkpoint/\n"
      "  arctrm checkpoint info checkpoint/model.safetensors --json");
  command->footer(
      "Examples:\n"
      "  arctrm checkpoint info checkpoint/");
  return command;
}

int RunCheckpointInfo(const CheckpointInfoFlags& flags) {
  return RunLogged(flags.common, [&](Log&) -> absl::StatusOr<int> {
    ARCTRM_ASSIGN_OR_RETURN(std::string text,
                            CheckpointInfoText(flags.checkpoint, flags.json));
    if (text.empty() || text.back() != '\n') text.push_back('\n');
    ARCTRM_RETURN_IF_ERROR(PrintResult(text));
    return kExitDone;
  });
}

}  // namespace arctrm
