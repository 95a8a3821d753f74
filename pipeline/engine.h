// SPDX-License-Identifier: MIT
// The seam between a job and the place where its model runs: this process, or
// processes of their own, one per device.
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

// A training as a job asks for it.
struct EngineTraining {
  TrainRequest request;
  // What other processes need beside the spec: the dataset as files, before
  // TakeHeldOut() removed pairs of `held_out` tasks from it.
  std::string dataset_dir;
  int held_out = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // As DescribeDevice().
  virtual absl::StatusOr<DeviceInfo> Describe(const DeviceOptions& device,
                                              const TrainOptions& train) = 0;
  // As CheckTraining(), without a dataset.
  virtual absl::Status CheckTraining(const TrainRequest&) {
    return absl::OkStatus();
  }
  // As MeasureStep(), of all devices together.
  virtual absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset,
                                               const ModelOptions& model,
                                               const TrainOptions& train,
                                               const DeviceOptions& device,
                                               const MeasureLimits& limits) = 0;
  // As Train(); IsOutOfMemory() where the batch is too large.
  virtual absl::StatusOr<TrainResult> Train(const EngineTraining& training) = 0;
  // One predictor per device, at least one. Those of other processes answer
  // nothing after `deadline` and are gone with them: see PredictVotes.
  virtual absl::StatusOr<std::vector<std::unique_ptr<Predictor>>>
  LoadPredictors(const std::string& checkpoint, const PredictorOptions& options,
                 const Deadline& deadline) = 0;
  // Do other processes need the dataset and checkpoints as files?
  virtual bool NeedsFiles() const { return false; }
  // Does the training run on this machine's processor? As found by Describe().
  virtual bool OnCpu() const { return false; }
  // Processes among which Train() divides a batch: it has a row for each.
  virtual int Ranks() const { return 1; }
  // Seconds until a predictor of LoadPredictors() is at work, weights not
  // counted: as measured when devices were looked up.
  virtual double StartSeconds() const { return 0; }
  // What happened on the way that people should know (a device that was lost,
  // a training that was taken up again), since the call before.
  virtual std::vector<std::string> TakeWarnings() { return {}; }
};

}  // namespace arctrm
