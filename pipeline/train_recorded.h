// SPDX-License-Identifier: MIT
// A training that writes its metrics to a work folder and shows its progress.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/file_lock.h"
#include "base/log.h"
#include "pipeline/run_folder.h"
#include "solver/train.h"

namespace arctrm {

// Makes and locks the work folder of a training. AlreadyExists if another
// process holds the lock; FailedPrecondition if the folder is not ours.
absl::StatusOr<std::unique_ptr<FileLock>> LockTraining(const RunFolder& folder);

// Returns the record of a training: that of the work folder if the training is
// resumed and the folder has one, otherwise `fresh`. FailedPrecondition if a
// resumed training has other settings or inputs than `fresh`, or if its
// checkpoints in request.spec.out and request.spec.best_out belong to another
// run. Writes nothing.
absl::StatusOr<RunRecord> FindRecord(const RunFolder& folder,
                                     const TrainRequest& request,
                                     const RunRecord& fresh, Log& log);
// FindRecord(), then starts the work folder if the record is new.
absl::StatusOr<RunRecord> OpenRecord(const RunFolder& folder,
                                     const TrainRequest& request,
                                     const RunRecord& fresh, Log& log);

// After a training whose last checkpoint went to the spare folder, because
// `out` had no room: continues in the spare folder, and leaves no spare.
void SwitchToSpareFolder(TrainRequest& request);

// Calls `train`, which is Train() or that of an engine, with request.hooks set.
// The hooks remove metrics after the step of a resumed training, append new
// ones, log the scores of held-out pairs, and show the progress towards `goal`
// steps (0: none) and the deadline `shown`. `goal` is read for each line,
// because replanning may change it.
absl::StatusOr<TrainResult> TrainRecorded(
    const std::function<absl::StatusOr<TrainResult>(const TrainRequest&)>&
        train,
    TrainRequest request, const RunFolder& folder, const int64_t& goal,
    const Deadline& shown, Log& log);

}  // namespace arctrm
