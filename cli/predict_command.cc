// SPDX-License-Identifier: MIT
#include "cli/predict_command.h"

namespace arctrm {

CLI::App* AddPredictCommand(CLI::App& app, PredictFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "predict",
      "Answer augmented views of test inputs and write the votes as ballots");
  AddWeightsFlag(*command, "--checkpoint", flags.checkpoint);
  AddChallengesFlag(*command, flags.challenges)->required();
  command->add_option("--out", flags.out, "Ballots file to write")
      ->type_name("F")
      ->required();
  AddIntegerFlag(*command, "--augmentations", flags.augmentations, 0,
                 kMaxAugmentations,
                 "Augmented views of each test input, besides the unchanged "
                 "one (default: one per trained augmentation)");
  AddTimeLimitFlag(*command, flags.time_limit);
  AddCommonFlags(*command,
                 {.seed = true, .threads = true, .model = true, .writes = true},
                 flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm predict --checkpoint checkpoint/ --challenges challenges.json "
      "\\\n"
      "    --out ballots.zst\n"
      "  arctrm predict --checkpoint checkpoint/ --challenges challenges.json "
      "\\\n"
      "    --out ballots.zst --augmentations 100 --time-limit 10m --device "
      "cuda");
  return command;
}

}  // namespace arctrm
