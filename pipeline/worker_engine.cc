// SPDX-License-Identifier: MIT
#include "pipeline/worker_engine.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "base/status.h"
#include "base/subprocess.h"
#include "pipeline/frames.h"
#include "pipeline/messages.h"
#include "pipeline/remote_predictor.h"
#include "pipeline/training_supervisor.h"
#include "pipeline/worker_devices.h"

namespace arctrm {
namespace {

class WorkerEngine : public Engine {
 public:
  WorkerEngine(const WorkerOptions& options, Log& log)
      : scratch_(options.scratch), devices_(options, log) {}

  absl::StatusOr<DeviceInfo> Describe(const DeviceOptions& device,
                                      const TrainOptions& train) override;
  absl::Status CheckTraining(const TrainRequest& request) override;
  absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset,
                                       const ModelOptions& model,
                                       const TrainOptions& train,
                                       const DeviceOptions& device,
                                       const MeasureLimits& limits) override;
  absl::StatusOr<TrainResult> Train(const EngineTraining& asked) override {
    return training_.Train(asked);
  }
  absl::StatusOr<std::vector<std::unique_ptr<Predictor>>> LoadPredictors(
      const std::string& checkpoint, const PredictorOptions& options,
      const Deadline& deadline) override;
  bool NeedsFiles() const override { return true; }
  bool OnCpu() const override { return devices_.info().is_cpu(); }
  int Ranks() const override {
    return std::max(1, static_cast<int>(devices_.list().size()));
  }
  double StartSeconds() const override { return devices_.start_s(); }
  std::vector<std::string> TakeWarnings() override {
    return devices_.TakeWarnings();
  }

 private:
  // The device and threads of a single worker.
  DeviceOptions WorkerDevice(const DeviceOptions& device) const {
    return {devices_.list()[0], devices_.ThreadsEach(device)};
  }

  const std::string scratch_;
  WorkerDevices devices_;
  TrainingSupervisor training_{devices_};
};

absl::StatusOr<DeviceInfo> WorkerEngine::Describe(const DeviceOptions& device,
                                                  const TrainOptions&) {
  ARCTRM_RETURN_IF_ERROR(devices_.Find(device));
  DeviceInfo info = devices_.info();
  if (devices_.list().size() > 1) {
    info.group = absl::StrJoin(devices_.list(), " ");
  }
  return info;
}

absl::Status WorkerEngine::CheckTraining(const TrainRequest& request) {
  constexpr absl::Duration kPatience = absl::Minutes(1);
  ARCTRM_RETURN_IF_ERROR(devices_.Find(request.spec.device));
  TrainSpec spec = request.spec;
  spec.device = WorkerDevice(spec.device);
  return devices_
      .Ask({{"kind", "check"}, {"ranks", Ranks()}, {"spec", ToJson(spec)}},
           kPatience)
      .status();
}

absl::StatusOr<StepTime> WorkerEngine::MeasureStep(
    const Dataset& dataset, const ModelOptions& model,
    const TrainOptions& train, const DeviceOptions& device,
    const MeasureLimits& limits) {
  ARCTRM_RETURN_IF_ERROR(devices_.Find(device));
  const std::string dir = JoinPath(scratch_, "measure");
  ARCTRM_RETURN_IF_ERROR(RemoveAll(dir));
  ARCTRM_RETURN_IF_ERROR(WriteDataset(dataset, dir).status());
  // Ranks share the batch; their communication takes little time beside it.
  TrainSpec spec;
  spec.model = model;
  spec.train = train;
  spec.device = WorkerDevice(device);
  spec.train.batch =
      std::max(1, (train.batch + static_cast<int>(devices_.list().size()) - 1) /
                      static_cast<int>(devices_.list().size()));
  const absl::StatusOr<nlohmann::json> json =
      devices_.Ask({{"kind", "measure"},
                    {"dataset", ToJson(dir)},
                    {"repeat_s", limits.repeat_s},
                    {"give_up_s", limits.give_up_s},
                    {"spec", ToJson(spec)}},
                   MeasuringPatience(devices_.start_s(), limits.give_up_s));
  ARCTRM_RETURN_IF_ERROR(RemoveAll(dir));
  // The next attempt uses another device if there is one.
  if (absl::IsUnavailable(json.status())) {
    std::vector<std::string>& list = devices_.list();
    std::rotate(list.begin(), list.begin() + 1, list.end());
  }
  ARCTRM_RETURN_IF_ERROR(json.status());
  return StepTime{json->value("step_s", 0.0), json->value("complete", false)};
}

absl::StatusOr<std::vector<std::unique_ptr<Predictor>>>
WorkerEngine::LoadPredictors(const std::string& checkpoint,
                             const PredictorOptions& options,
                             const Deadline& deadline) {
  ARCTRM_RETURN_IF_ERROR(devices_.Find(options.device));
  std::vector<std::pair<std::string, std::unique_ptr<Subprocess>>> started;
  absl::Status last = absl::UnavailableError("no device is left");
  const auto lost = [&](const std::string& name, const absl::Status& why) {
    last = why;
    devices_.Warn(
        absl::StrCat("voting continues without ", name, ": ", why.message()));
  };
  const auto start = [&](const std::string& device, size_t number) {
    PredictorOptions own = options;
    own.device = {device, devices_.ThreadsEach(options.device)};
    const std::string name = absl::StrCat("worker ", number, " on ", device);
    absl::StatusOr<std::unique_ptr<Subprocess>> process =
        Subprocess::Start(devices_.Command());
    const absl::Status sent =
        process.ok()
            ? SendFrame(**process, PredictRequest(checkpoint, own), deadline)
            : process.status();
    if (!sent.ok()) return lost(name, sent);
    started.emplace_back(name, *std::move(process));
  };
  for (size_t i = 0; i < devices_.list().size(); ++i) {
    start(devices_.list()[i], i + 1);
  }
  std::vector<std::unique_ptr<Predictor>> predictors;
  for (auto& [name, process] : started) {
    absl::StatusOr<std::unique_ptr<Predictor>> predictor =
        RemotePredictor::Connect(name, std::move(process), deadline);
    if (predictor.ok()) {
      predictors.push_back(*std::move(predictor));
    } else if (absl::IsUnavailable(predictor.status())) {
      lost(name, predictor.status());
    } else {
      return predictor.status();
    }
  }
  if (predictors.empty()) {
    return absl::UnavailableError(
        absl::StrCat("no worker can predict: ", last.message()));
  }
  return predictors;
}

}  // namespace

std::unique_ptr<Engine> MakeWorkerEngine(const WorkerOptions& options,
                                         Log& log) {
  return std::make_unique<WorkerEngine>(options, log);
}

}  // namespace arctrm
