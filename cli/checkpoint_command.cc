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
  CheckpointExportFlags& out = flags.export_flags;
  CLI::App* exported = command->add_subcommand(
      "export", "The weights without what only a resumed training needs");
  exported
      ->add_option("checkpoint", out.checkpoint,
                   "A checkpoint folder or its weights file")
      ->type_name("F")
      ->required();
  exported->add_option("--out", out.out, "Folder to write")
      ->type_name("DIR")
      ->required();
  AddSwitch(*exported, "--mean-row", out.mean_row,
            "Keep only the mean of the embedding rows: a small file that new "
            "tasks start from");
  AddCommonFlags(*exported, {}, out.common);
  exported->footer(
      "Examples:\n"
      "  arctrm checkpoint export run/checkpoint --out start --mean-row");
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

int RunCheckpointExport(const CheckpointExportFlags& flags) {
  return RunLogged(flags.common, [&](Log&) -> absl::StatusOr<int> {
    ExportOptions options;
    options.mean_row = flags.mean_row;
    ARCTRM_RETURN_IF_ERROR(
        ExportCheckpoint(flags.checkpoint, flags.out, options));
    return kExitDone;
  });
}

}  // namespace arctrm
