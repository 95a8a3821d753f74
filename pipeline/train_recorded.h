// SPDX-License-Identifier: MIT
// Training whose metrics stand in a work folder and whose progress is shown.
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

// Locks the work folder of a training, which it makes. AlreadyExists where
// another process holds it; FailedPrecondition for one that is not ours.
absl::StatusOr<std::unique_ptr<FileLock>> LockTraining(const RunFolder& folder);

// The record of a job that trains. A resumed one goes on with its own, where
// the work folder still has it; any other gets `fresh`. FailedPrecondition for
// a resumed one whose settings or inputs are not those of `fresh`, or whose
// checkpoints in request.spec.out and request.spec.best_out are another run's.
// Writes nothing.
absl::StatusOr<RunRecord> FindRecord(const RunFolder& folder,
                                     const TrainRequest& request,
                                     const RunRecord& fresh, Log& log);
// The same, and starts the work folder of a record that is new.
absl::StatusOr<RunRecord> OpenRecord(const RunFolder& folder,
                                     const TrainRequest& request,
                                     const RunRecord& fresh, Log& log);

// Of a training that ended: where its last checkpoint went to the spare folder,
// for want of room in `out`, that is the one to go on in, and no spare is left.
void SwitchToSpareFolder(TrainRequest& request);

// train(request), which is Train() or an engine's, with request.hooks.on_start
// and on_step set: metrics are cut back to where a resumed training stands and
// appended to, one line shows how it goes towards `goal` steps (0: none) and
// the `shown` deadline, and tries of what is held out are logged. `goal` is
// read for each line: a new plan may change it meanwhile.
absl::StatusOr<TrainResult> TrainRecorded(
    const std::function<absl::StatusOr<TrainResult>(const TrainRequest&)>&
        train,
    TrainRequest request, const RunFolder& folder, const int64_t& goal,
    const Deadline& shown, Log& log);

}  // namespace arctrm
