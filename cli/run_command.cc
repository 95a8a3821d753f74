// SPDX-License-Identifier: MIT
#include "cli/run_command.h"

#include <limits>

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
  command->add_option("--out", flags.out, "The submission to write")
      ->type_name("F.json")
      ->required();
  command
      ->add_option("--train-on", flags.train_on,
                   "More tasks, whose demonstrations and test pairs are "
                   "trained on")
      ->type_name("F[=SOLUTIONS]");
  command
      ->add_option(
          "--checkpoint", flags.checkpoint,
          "Weights to start from: a checkpoint folder or its weights file")
      ->type_name("F");
  AddDurationFlag(
      *command, "--time-limit", flags.time_limit,
      "Wall-clock time for everything, e.g. 90s, 20m, 11h30m; never overrun");
  AddIntegerFlag(*command, "--steps", flags.steps, 1,
                 std::numeric_limits<int64_t>::max(),
                 "Optimiser steps instead of a time limit: the same build, "
                 "device, seed and threads give the same bytes");
  AddIntegerFlag(*command, "--augmentations", flags.augmentations, 0,
                 kMaxAugmentations,
                 "Copies of every task beside itself (default: planned)");
  AddSwitch(*command, "--resume", flags.resume,
            "Go on with the run in the work folder");
  command->add_option("--report", flags.report, "Write an HTML report here")
      ->type_name("F.html");
  AddCommonFlags(*command,
                 {.seed = true, .threads = true, .model = true, .work = true},
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
