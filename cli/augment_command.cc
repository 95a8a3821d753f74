// SPDX-License-Identifier: MIT
#include "cli/augment_command.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "nlohmann/json.hpp"
#include "pipeline/run_inputs.h"

namespace arctrm {
namespace {

// Checks that `out` is new, empty or a dataset, because WriteDataset replaces
// it.
absl::Status CheckDatasetFolder(const std::string& out) {
  if (out.empty()) {
    return absl::InvalidArgumentError(
        "--out: the name of the dataset folder is empty");
  }
  if (!FileExists(out) && !IsDirectory(out)) {
    // The path of a folder may end with "/".
    std::filesystem::path path(out);
    if (!path.has_filename()) path = path.parent_path();
    return CheckWritable(path.string());
  }
  if (!IsDirectory(out)) {
    return absl::InvalidArgumentError(
        absl::StrCat(out, ": is a file, expected a folder for the dataset"));
  }
  std::error_code error;
  if (!std::filesystem::is_empty(out, error) && !error &&
      !FileExists(JoinPath(out, "dataset.json"))) {
    return absl::InvalidArgumentError(absl::StrCat(
        out, ": holds other files and is not a dataset; name another folder"));
  }
  if (error) return ErrnoStatus(error.value(), "reading", out);
  return absl::OkStatus();
}

absl::StatusOr<int> Augment(const AugmentFlags& flags, Log& log) {
  if (flags.train_on.empty() && flags.challenges.empty()) {
    return absl::InvalidArgumentError(
        "no tasks: give --challenges or --train-on");
  }
  ARCTRM_ASSIGN_OR_RETURN(const RunInputs inputs,
                          ReadRunInputs(flags.challenges, "", flags.train_on));
  LogRemarks(inputs.remarks, log);
  ARCTRM_RETURN_IF_ERROR(CheckDatasetFolder(flags.out));
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));

  BuildOptions options;
  options.plan.augmentations = flags.augmentations;
  options.plan.seed = flags.common.seed;
  options.canvas_side = flags.canvas_side;
  options.canvas_margin = flags.canvas_margin;
  options.threads =
      flags.common.threads > 0
          ? flags.common.threads
          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  options.progress = [&log](int done, int all) {
    log.Progress(absl::StrCat("augment  task ", done, "/", all));
  };
  ARCTRM_ASSIGN_OR_RETURN(const Dataset dataset,
                          BuildDataset(inputs.sources, options));
  ARCTRM_ASSIGN_OR_RETURN(const int64_t bytes,
                          WriteDataset(dataset, flags.out));
  log.EndProgress();
  if (flags.json) {
    nlohmann::ordered_json json;
    json["tasks"] = dataset.tasks.size();
    json["ids"] = dataset.num_ids();
    json["short_tasks"] = dataset.num_short_tasks();
    json["examples"] = dataset.num_examples();
    json["bytes"] = bytes;
    ARCTRM_RETURN_IF_ERROR(PrintResult(json.dump() + "\n"));
  } else {
    ARCTRM_RETURN_IF_ERROR(PrintResult(absl::StrCat(
        Counted(static_cast<int64_t>(dataset.tasks.size()), "task"), " (",
        dataset.num_short_tasks(),
        " with fewer augmentations than requested), ", dataset.num_ids(),
        " embedding rows including the blank one, ", dataset.num_examples(),
        " examples, canvas ", dataset.canvas.side, "x", dataset.canvas.side,
        ", ", bytes, " bytes\n")));
  }
  return kExitDone;
}

}  // namespace

CLI::App* AddAugmentCommand(CLI::App& app, AugmentFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "augment", "Choose augmentations of tasks and write them as a dataset");
  command
      ->add_option("--train-on", flags.train_on,
                   "Tasks to train on, including their test pairs")
      ->type_name("F[=SOLUTIONS]");
  AddChallengesFlag(*command, flags.challenges)
      ->description("Tasks to solve; only their demonstrations are trained on");
  command->add_option("--out", flags.out, "Dataset folder to write")
      ->type_name("DIR")
      ->required();
  AddIntegerFlag(*command, "--augmentations", flags.augmentations, 0,
                 kMaxAugmentations,
                 "Augmentations of each task, besides the task itself")
      ->default_str("1000");
  AddIntegerFlag(*command, "--canvas-side", flags.canvas_side, 0, kMaxSide,
                 "Side of the square canvas in cells, e.g. that of a "
                 "checkpoint; 0 fits it to the tasks")
      ->default_str("0");
  AddIntegerFlag(*command, "--canvas-margin", flags.canvas_margin, 0, kMaxSide,
                 "Cells to add to a fitted canvas, beyond the largest known "
                 "grid and its border")
      ->default_str("0");
  AddSwitch(*command, "--json", flags.json,
            "Print one JSON document instead of a line of text");
  AddCommonFlags(*command, {.seed = true, .threads = true, .writes = true},
                 flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm augment --challenges challenges.json --out data/\n"
      "  arctrm augment --train-on training.json=solutions.json more-tasks/ "
      "\\\n"
      "    --challenges evaluation.json --augmentations 300 --seed 1 \\\n"
      "    --out data/ --json");
  return command;
}

int RunAugment(const AugmentFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return Augment(flags, log); });
}

}  // namespace arctrm
