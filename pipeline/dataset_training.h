// SPDX-License-Identifier: MIT
// `arctrm train`: a training on dataset folders, without votes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/log.h"
#include "pipeline/run_options.h"
#include "solver/process_group.h"
#include "solver/train.h"

namespace arctrm {

struct DatasetTrainOptions {
  std::vector<std::string> datasets;  // folders, whose tasks are merged
  // `out` is the checkpoint folder; an empty `work` means OUT.run. Inputs,
  // report and time limit are not used.
  RunOptions run;
  // Ranks above 0 only train: they check and write nothing.
  ProcessGroup group;
  // Called before anything is written, and again once the work folder is
  // locked; an error ends the training. `best_out` is the folder for the best
  // weights, or "".
  std::function<absl::Status(const std::string& best_out)> may_write;
};

struct DatasetTrainOutcome {
  TrainResult training;
  std::string best_out;  // the best weights, if best_step is above 0
};

// Trains until the steps are done or `deadline` comes. The work folder receives
// metrics and record. Returns InvalidArgument and FailedPrecondition before
// anything is written, and errors of TrainInGroup().
absl::StatusOr<DatasetTrainOutcome> TrainOnDatasets(
    const DatasetTrainOptions& options, const Deadline& deadline, Log& log);

}  // namespace arctrm
