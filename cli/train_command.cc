// SPDX-License-Identifier: MIT
#include "cli/train_command.h"

#include <limits>

namespace arctrm {

CLI::App* AddTrainCommand(CLI::App& app, TrainFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "train", "Train or fine-tune a model on dataset folders");
  command
      ->add_option("--dataset", flags.dataset,
                   "Folders that `arctrm augment` wrote")
      ->type_name("DIR")
      ->required();
  command->add_option("--out", flags.out, "The checkpoint folder to write")
      ->type_name("DIR")
      ->required();
  command
      ->add_option(
          "--checkpoint", flags.checkpoint,
          "Weights to start from: a checkpoint folder or its weights file")
      ->type_name("F");
  AddDurationFlag(*command, "--time-limit", flags.time_limit,
                  "Wall-clock time, e.g. 90s, 20m, 11h30m; never overrun");
  AddIntegerFlag(*command, "--steps", flags.steps, 1,
                 std::numeric_limits<int64_t>::max(),
                 "Optimiser steps instead of a time limit: the same build, "
                 "device, seed and threads give the same bytes");
  AddSwitch(*command, "--resume", flags.resume,
            "Go on with the training that --out holds");
  AddCommonFlags(*command,
                 {.seed = true, .threads = true, .model = true, .work = true},
                 flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm train --dataset data/ --out checkpoint/ --time-limit 2h\n"
      "  arctrm train --dataset data/ --out tuned/ --checkpoint weights/ \\\n"
      "    --steps 2000\n"
      "  arctrm train --dataset data/ --out checkpoint/ --time-limit 2h "
      "--resume");
  return command;
}

}  // namespace arctrm
