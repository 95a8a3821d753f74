// SPDX-License-Identifier: MIT
#include "cli/run_command.h"

namespace arctrm {

CLI::App* AddRunCommand(CLI::App& app, RunFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "run",
      "The whole job: augment, train, predict, vote, write the submission");
  AddChallengesFlag(*command, flags.challenges)->required();
  command
      ->add_option("--solutions", flags.solutions,
                   "Right answers, for scoring only; never trained on")
      ->type_name("F");
  AddSubmissionOutFlag(*command, flags.out);
  AddTrainOnFlag(*command, flags.train_on);
  AddStartWeightsFlag(*command, flags.checkpoint);
  AddTimeLimitFlag(*command, flags.time_limit, " for everything");
  AddStepsFlag(*command, flags.steps);
  AddAugmentationsFlag(*command, flags.augmentations);
  AddSwitch(*command, "--resume", flags.resume,
            "Go on with the run in the work folder");
  AddReportFlag(*command, flags.report);
  AddCommonFlags(*command,
                 {.seed = true,
                  .threads = true,
                  .model = true,
                  .work = true,
                  .writes = true},
                 flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm run --challenges challenges.json --time-limit 20m \\\n"
      "    --out submission.json\n"
      "  arctrm run --challenges evaluation.json \\\n"
      "    --train-on training.json=solutions.json --checkpoint weights/ \\\n"
      "    --time-limit 11h30m --out submission.json --report run.html\n"
      "  arctrm run --challenges challenges.json --time-limit 20m \\\n"
      "    --out submission.json --resume");
  return command;
}

}  // namespace arctrm
