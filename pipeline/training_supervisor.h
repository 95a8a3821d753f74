// SPDX-License-Identifier: MIT
// A training in workers: started, listened to, and taken up again from its last
// checkpoint when one of them goes.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "pipeline/engine.h"
#include "pipeline/training_ranks.h"
#include "pipeline/worker_devices.h"
#include "solver/train.h"

namespace arctrm {

class TrainingSupervisor {
 public:
  // Borrows `devices`, of which those that fail again and again are given up.
  explicit TrainingSupervisor(WorkerDevices& devices) : devices_(devices) {}

  // As Engine::Train(). Errors that a person must mend, those of
  // IsOutOfMemory(), and Unavailable where nothing had been saved when nothing
  // more could be done.
  absl::StatusOr<TrainResult> Train(const EngineTraining& asked);

 private:
  // How one try ended, when not with a result.
  struct Failure {
    absl::Status why;
    size_t rank = 0;  // the first that went
    bool hung = false;
  };

  absl::Status StartRanks(const EngineTraining& training,
                          nlohmann::json request, TrainingRanks& ranks);
  absl::StatusOr<TrainResult> Try(const EngineTraining& training, bool resume,
                                  Failure& failure);
  // What stands in the checkpoint when nothing more can be done.
  absl::StatusOr<TrainResult> Salvage(const EngineTraining& training,
                                      TrainStop stop,
                                      const absl::Status& why) const;

  WorkerDevices& devices_;
  std::map<std::string, int> strikes_;  // by device
};

}  // namespace arctrm
