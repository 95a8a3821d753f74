// SPDX-License-Identifier: MIT
#include "cli/train_command.h"

namespace arctrm {

CLI::App* AddTrainCommand(CLI::App& app, TrainFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "train", "Train or fine-tune a model on dataset folders");
  command
      ->add_option("--dataset", flags.dataset,
                   "Dataset folders that `arctrm augment` wrote")
      ->type_name("DIR")
      ->required();
  AddCheckpointOutFlag(*command, flags.out);
  AddStartWeightsFlag(*command, flags.checkpoint);
  AddTimeLimitFlag(*command, flags.time_limit);
  AddStepsFlag(*command, flags.steps);
  AddResumeTrainingFlag(*command, flags.resume);
  AddCommonFlags(*command, kTrainingUse, flags.common);
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
