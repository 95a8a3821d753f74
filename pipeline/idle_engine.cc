// SPDX-License-Identifier: MIT
#include "pipeline/idle_engine.h"

namespace arctrm {
namespace {

class IdleEngine : public Engine {
 public:
  absl::StatusOr<DeviceInfo> Describe(const DeviceOptions&,
                                      const TrainOptions&) override {
    DeviceInfo none;
    none.kind = DeviceKind::kNone;
    return none;
  }
  absl::StatusOr<StepTime> MeasureStep(const Dataset&, const ModelOptions&,
                                       const TrainOptions&,
                                       const DeviceOptions&,
                                       const MeasureLimits& limits) override {
    return StepTime{limits.give_up_s, /*complete=*/false};
  }
  absl::StatusOr<TrainResult> Train(const EngineTraining&) override {
    TrainResult result;
    result.stop = TrainStop::kDeadline;
    return result;
  }
  absl::StatusOr<std::vector<std::unique_ptr<Predictor>>> LoadPredictors(
      const std::string&, const PredictorOptions&, const Deadline&) override {
    return absl::UnavailableError("the time is too short to load a model");
  }
};

}  // namespace

std::unique_ptr<Engine> MakeIdleEngine() {
  return std::make_unique<IdleEngine>();
}

}  // namespace arctrm
