// SPDX-License-Identifier: MIT
#include "cli/run_command.h"

namespace arctrm {

CLI::App* AddRunCommand(CLI::App& app, RunFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "run", "Solve tasks: augment, train, vote, and write the submission");
  AddChallengesFlag(*command, flags.challenges)->required();
  command
      ->add_option(
          "--solutions", flags.solutions,
          "Known test outputs, used only for the score (default: none)")
      ->type_name("F");
  AddSubmissionOutFlag(*command, flags.out);
  AddTrainOnFlag(*command, flags.train_on);
  AddStartWeightsFlag(*command, flags.checkpoint);
  AddTimeLimitFlag(*command, flags.time_limit, " of the whole run");
  AddStepsFlag(*command, flags.steps);
  AddAugmentationsFlag(*command, flags.augmentations);
  AddSwitch(*command, "--resume", flags.resume,
            "Continue the run in the work folder");
  AddReportFlag(*command, flags.report);
  AddCommonFlags(*command, kTrainingUse, flags.common);
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
