// SPDX-License-Identifier: MIT
// A training as one process of a group that torchrun or srun has started.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/watchdog.h"
#include "solver/train.h"

namespace arctrm {

// Train(). Rank 0 logs where the processes of request.group meet. If another
// process is lost, the error is Cancelled, and that of rank 0 says how to go
// on.
absl::StatusOr<TrainResult> TrainInGroup(const TrainRequest& request);

// RunRecord::status after an error that is Cancelled.
std::string EndedGroupStatus();

// Ends a rank above 0 shortly before `deadline`. A stop signal does not end it:
// it asks rank 0, which ends all ranks in order. Borrows `log`.
std::unique_ptr<Watchdog> WatchFollower(const Deadline& deadline, Log& log);

}  // namespace arctrm
