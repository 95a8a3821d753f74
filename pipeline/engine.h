// SPDX-License-Identifier: MIT
// The seam between a run and its model, which runs in this process or in worker
// processes, one per device.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "augment/dataset.h"
#include "solver/options.h"
#include "solver/predictor.h"
#include "solver/train.h"

namespace arctrm {

// A training of a run.
struct EngineTraining {
  TrainRequest request;
  // For worker processes: the dataset as files. They still contain the
  // `held_out` pairs that TakeHeldOut() removed from request.dataset.
  std::string dataset_dir;
  int held_out = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // See DescribeDevice().
  virtual absl::StatusOr<DeviceInfo> Describe(const DeviceOptions& device,
                                              const TrainOptions& train) = 0;
  // See CheckTraining(). Needs no dataset.
  virtual absl::Status CheckTraining(const TrainRequest&) {
    return absl::OkStatus();
  }
  // Measures a step of all devices together. See MeasureStep().
  virtual absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset,
                                               const ModelOptions& model,
                                               const TrainOptions& train,
                                               const DeviceOptions& device,
                                               const MeasureLimits& limits) = 0;
  // See Train(). The error of a batch that is too large satisfies
  // IsOutOfMemory().
  virtual absl::StatusOr<TrainResult> Train(const EngineTraining& training) = 0;
  // Loads one predictor per device, at least one. Predictors in worker
  // processes answer nothing after `deadline`, and become useless when their
  // worker dies: see PredictVotes.
  virtual absl::StatusOr<std::vector<std::unique_ptr<Predictor>>>
  LoadPredictors(const std::string& checkpoint, const PredictorOptions& options,
                 const Deadline& deadline) = 0;
  // Whether workers need the dataset and checkpoints as files.
  virtual bool NeedsFiles() const { return false; }
  // Whether the training runs on a CPU. Known after Describe().
  virtual bool OnCpu() const { return false; }
  // Number of processes that share the batch of a training. Each needs a batch
  // row.
  virtual int Ranks() const { return 1; }
  // Seconds that a predictor needs to start, without loading weights. Measured
  // when the devices were looked up.
  virtual double StartSeconds() const { return 0; }
  // Returns warnings since the last call, such as a lost device or a resumed
  // training.
  virtual std::vector<std::string> TakeWarnings() { return {}; }
};

}  // namespace arctrm
