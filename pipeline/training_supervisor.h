// SPDX-License-Identifier: MIT
// A training in worker processes, resumed from its last checkpoint when one of
// them fails.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/engine.h"
#include "pipeline/worker_devices.h"
#include "solver/train.h"

namespace arctrm {

class TrainingSupervisor {
 public:
  // Borrows `devices` and removes those that fail repeatedly from its list.
  explicit TrainingSupervisor(WorkerDevices& devices) : devices_(devices) {}

  // See Engine::Train(). Returns errors that the user must mend and those of
  // IsOutOfMemory(); Unavailable when every attempt failed and no checkpoint
  // was saved.
  absl::StatusOr<TrainResult> Train(const EngineTraining& asked);

 private:
  // Makes a result from the last checkpoint after the last attempt.
  absl::StatusOr<TrainResult> Salvage(const EngineTraining& training,
                                      TrainStop stop,
                                      const absl::Status& why) const;

  WorkerDevices& devices_;
  std::map<std::string, int> strikes_;  // by device
};

}  // namespace arctrm
