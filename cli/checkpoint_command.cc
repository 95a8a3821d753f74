// SPDX-License-Identifier: MIT
#include "cli/checkpoint_command.h"

#include "absl/strings/match.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "solver/checkpoint_info.h"

namespace arctrm {

CLI::App* AddCheckpointCommand(CLI::App& app, CheckpointFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "checkpoint", "Describe, import, export and average weights");
  command->require_subcommand(1);
  CLI::App* info = command->add_subcommand(
      "info", "Describe a checkpoint or a weights file from Python");
  AddWeightsFlag(*info, "checkpoint", flags.info.checkpoint);
  AddJsonFlag(*info, flags.info.json);
  AddCommonFlags(*info, {}, flags.info.common);
  info->footer(
      "Examples:\n"
      "  arctrm checkpoint info checkpoint/\n"
      "  arctrm checkpoint info checkpoint/model.safetensors --json\n"
      "  arctrm checkpoint info step_155718");
  CheckpointExportFlags& out = flags.export_flags;
  CLI::App* exported = command->add_subcommand(
      "export", "Write only the weights, as a folder or as a file for Python");
  AddWeightsFlag(*exported, "checkpoint", out.checkpoint);
  exported
      ->add_option("--out", out.out,
                   "Folder to write, or file to write if the name ends with "
                   ".pt or .safetensors")
      ->type_name("PATH")
      ->required();
  AddSwitch(*exported, "--mean-row", out.mean_row,
            "Keep only the mean of the embedding rows, from which new tasks "
            "start; for folders");
  exported
      ->add_option("--prefix", out.prefix,
                   "Text before every tensor name in a file; published "
                   "checkpoints have \"_orig_mod.model.\" (default: none)")
      ->type_name("TEXT");
  AddCommonFlags(*exported, {.writes = true}, out.common);
  exported->footer(
      "Examples:\n"
      "  arctrm checkpoint export run/checkpoint --out start --mean-row\n"
      "  arctrm checkpoint export run/checkpoint --out weights.pt \\\n"
      "    --prefix _orig_mod.model.");
  CheckpointImportFlags& in = flags.import_flags;
  CLI::App* imported = command->add_subcommand(
      "import",
      "Make a checkpoint from a PyTorch state dict or a safetensors file");
  imported
      ->add_option("weights", in.weights,
                   "File of torch.save (.pt, step_N) or .safetensors file; "
                   "either may be packed with gzip or zstd")
      ->type_name("F")
      ->required();
  AddCheckpointOutFlag(*imported, in.out);
  imported
      ->add_option("--identifiers", in.identifiers,
                   "identifiers.json of the dataset, which tells the task of "
                   "each embedding row")
      ->type_name("F.json");
  imported
      ->add_option("--weights", in.set,
                   "Name of the weights to import if the file holds several, "
                   "such as raw and averaged ones (default: the averaged "
                   "ones)")
      ->type_name("NAME");
  AddCommonFlags(*imported, {.model = true, .writes = true, .recipe = "arc"},
                 in.common);
  imported->footer(
      "Weights don't contain the number of heads, cycles and steps. These "
      "come\n"
      "from --set, else from all_config.yaml beside the file, else from the\n"
      "recipe.\n\n"
      "Examples:\n"
      "  arctrm checkpoint import step_155718 --out start/ --recipe arc\n"
      "  arctrm checkpoint import last.pt --out start/ --weights model");
  CheckpointAverageFlags& average = flags.average;
  CLI::App* averaged = command->add_subcommand(
      "average", "Average several checkpoints of one network");
  averaged
      ->add_option("checkpoints", average.checkpoints,
                   "Checkpoint folders or weights files")
      ->type_name("F...")
      ->required();
  AddCheckpointOutFlag(*averaged, average.out);
  AddCommonFlags(*averaged, {.writes = true}, average.common);
  averaged->footer(
      "Examples:\n"
      "  arctrm checkpoint average a/ b/ c/ --out mean/");
  command->footer(
      "Examples:\n"
      "  arctrm checkpoint info checkpoint/");
  return command;
}

int RunCheckpointInfo(const CheckpointInfoFlags& flags) {
  return RunGuarded(flags, [&](Log&) -> absl::StatusOr<int> {
    ARCTRM_ASSIGN_OR_RETURN(std::string text,
                            CheckpointInfoText(flags.checkpoint, flags.json));
    if (text.empty() || text.back() != '\n') text.push_back('\n');
    ARCTRM_RETURN_IF_ERROR(PrintResult(text));
    return kExitDone;
  });
}

bool CheckpointExportFlags::ToFile() const {
  return absl::EndsWith(out, ".pt") || absl::EndsWith(out, ".safetensors");
}

int RunCheckpointAverage(const CheckpointAverageFlags& flags) {
  return RunGuarded(flags, [&](Log&) -> absl::StatusOr<int> {
    ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
    if (!flags.common.overwrite) {
      ARCTRM_RETURN_IF_ERROR(CheckNoCheckpoint(flags.out, /*resumable=*/false));
    }
    ARCTRM_RETURN_IF_ERROR(AverageCheckpoints(flags.checkpoints, flags.out));
    return kExitDone;
  });
}

int RunCheckpointExport(const CheckpointExportFlags& flags) {
  return RunGuarded(flags, [&](Log&) -> absl::StatusOr<int> {
    if (!flags.prefix.empty()) {
      return absl::InvalidArgumentError(
          "--prefix applies only to a file; give an --out that ends with .pt "
          "or .safetensors");
    }
    ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
    if (!flags.common.overwrite) {
      ARCTRM_RETURN_IF_ERROR(CheckNoCheckpoint(flags.out, /*resumable=*/false));
    }
    ExportOptions options;
    options.mean_row = flags.mean_row;
    ARCTRM_RETURN_IF_ERROR(
        ExportCheckpoint(flags.checkpoint, flags.out, options));
    return kExitDone;
  });
}

}  // namespace arctrm
