// SPDX-License-Identifier: MIT
// Prepares a training.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/train.h"
#include "solver/train/executor.h"
#include "solver/train/step.h"

namespace arctrm::internal {

// A training with fresh weights, with the weights of request.spec.checkpoint,
// or with the resume state of request.spec.out if request.spec.resume is set.
// Joins the process group of request.group; FailedPrecondition if the processes
// got different requests. `recorder` (tests): records steps regardless of
// train.graphs.
absl::StatusOr<std::unique_ptr<Training>> MakeTraining(
    const TrainRequest& request, const RecorderFactory& recorder = {});

// CheckTraining() of solver/train.h, without the check of the schedules.
absl::Status CheckRequest(const TrainRequest& request);

}  // namespace arctrm::internal
