// SPDX-License-Identifier: MIT
#include "pipeline/local_engine.h"

#include <utility>

#include "base/status.h"

namespace arctrm {
namespace {

class LocalEngine : public Engine {
 public:
  absl::StatusOr<DeviceInfo> Describe(const DeviceOptions& device,
                                      const TrainOptions& train) override {
    ARCTRM_ASSIGN_OR_RETURN(DeviceInfo info, DescribeDevice(device, train));
    on_cpu_ = info.is_cpu();
    return info;
  }

  absl::Status CheckTraining(const TrainRequest& request) override {
    return arctrm::CheckTraining(request);
  }

  bool OnCpu() const override { return on_cpu_; }

  absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset,
                                       const ModelOptions& model,
                                       const TrainOptions& train,
                                       const DeviceOptions& device,
                                       const MeasureLimits& limits) override {
    return arctrm::MeasureStep(dataset, model, train, device, limits);
  }

  absl::StatusOr<TrainResult> Train(const EngineTraining& training) override {
    return arctrm::Train(training.request);
  }

  absl::StatusOr<std::vector<std::unique_ptr<Predictor>>> LoadPredictors(
      const std::string& checkpoint, const PredictorOptions& options,
      const Deadline&) override {
    std::vector<std::unique_ptr<Predictor>> one;
    ARCTRM_ASSIGN_OR_RETURN(std::unique_ptr<Predictor> predictor,
                            LoadPredictor(checkpoint, options));
    one.push_back(std::move(predictor));
    return one;
  }

 private:
  bool on_cpu_ = false;
};

}  // namespace

std::unique_ptr<Engine> MakeLocalEngine() {
  return std::make_unique<LocalEngine>();
}

absl::StatusOr<RunOutcome> ExecuteRun(const RunOptions& options,
                                      const Deadline& deadline, Log& log) {
  LocalEngine engine;
  return ExecuteRun(options, deadline, log, engine);
}

}  // namespace arctrm
