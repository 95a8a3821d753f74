// SPDX-License-Identifier: MIT
// The seam between the commands' options and the model that carries them out.
// The front end `arctrm` parses everything and knows no LibTorch; it links
// exec_solver.cc, which hands the command line to `arctrm-solver`. That program
// is the same library with model_commands.cc in its place.
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

// Returns the exit code.
int RunModelCommand(const ModelCommand& command);

}  // namespace arctrm
