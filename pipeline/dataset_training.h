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
#include "solver/train.h"

namespace arctrm {

struct DatasetTrainOptions {
  std::vector<std::string> datasets;  // folders; their tasks are put together
  // `out` is the checkpoint folder, `work` "" is OUT.run. Inputs, report and
  // time limit are not used.
  RunOptions run;
  // Asked before anything is written, twice: also once the work folder is
  // locked. `best_out` is where the best weights are kept; "" for nowhere.
  std::function<absl::Status(const std::string& best_out)> may_write;
};

struct DatasetTrainOutcome {
  TrainResult training;
  std::string best_out;  // holds the best weights where best_step is above 0
};

// Trains until steps or `deadline`. The work folder gets metrics and record.
// InvalidArgument and FailedPrecondition before anything is written; the errors
// of Train().
absl::StatusOr<DatasetTrainOutcome> TrainOnDatasets(
    const DatasetTrainOptions& options, const Deadline& deadline, Log& log);

}  // namespace arctrm
