// SPDX-License-Identifier: MIT
// How a training begins.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/train.h"
#include "solver/train/executor.h"
#include "solver/train/step.h"

namespace arctrm::internal {

// A training with fresh weights, with those of request.spec.checkpoint, or with
// all state of request.spec.out where request.spec.resume is set. Joins the
// process group of request.group; FailedPrecondition where another process got
// another request. `recorder` (tests): records steps whatever train.cuda_graphs
// says.
absl::StatusOr<std::unique_ptr<Training>> MakeTraining(
    const TrainRequest& request, const RecorderFactory& recorder = {});

// CheckTraining() of solver/train.h, but for schedules.
absl::Status CheckRequest(const TrainRequest& request);

}  // namespace arctrm::internal
