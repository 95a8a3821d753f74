// SPDX-License-Identifier: MIT
// The seam between command lines and the model. `arctrm` parses all commands
// without LibTorch and links exec_solver.cc, which passes the command line to
// `arctrm-solver`. `arctrm-solver` is the same library, but links
// model_commands.cc instead.
#pragma once

#include <variant>

#include "cli/checkpoint_command.h"
#include "cli/demo_command.h"
#include "cli/doctor_command.h"
#include "cli/predict_command.h"
#include "cli/puzzle_command.h"
#include "cli/run_command.h"
#include "cli/train_command.h"

namespace arctrm {

using ModelCommand =
    std::variant<RunFlags, DemoFlags, TrainFlags, PredictFlags, DoctorFlags,
                 PuzzleTrainFlags, PuzzlePredictFlags, CheckpointImportFlags,
                 CheckpointExportFlags>;

// Carries out `command` and returns the exit code.
int RunModelCommand(const ModelCommand& command);

}  // namespace arctrm
