// SPDX-License-Identifier: MIT
#include "pipeline/worker.h"

#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/exceptions.h"
#include "base/log.h"
#include "base/status.h"
#include "base/stop.h"
#include "pipeline/frames.h"
#include "pipeline/held_out.h"
#include "pipeline/messages.h"
#include "pipeline/remote_predictor.h"
#include "solver/machine.h"
#include "solver/train.h"

namespace arctrm {
namespace {

// Sends frames to the leader. Thread-safe.
class Leader {
 public:
  explicit Leader(int out) : out_(out) {}
  absl::Status Send(const nlohmann::json& json) {
    return SendBody(
        json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  absl::Status SendBody(const std::string& body) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return SendFrame(out_, body);
  }

 private:
  const int out_;
  std::mutex mutex_;
};

// Sends the lines of a training to the leader's log.
class RemoteLog : public Log {
 public:
  explicit RemoteLog(Leader& leader) : leader_(leader) {}
  void Info(absl::string_view line) override { Say("info", line); }
  void Warning(absl::string_view line) override { Say("warning", line); }
  void Error(absl::string_view line) override { Say("warning", line); }
  void Progress(absl::string_view line) override { Say("progress", line); }
  void EndProgress() override {}

 private:
  void Say(const char* kind, absl::string_view line) {
    // If the leader has ended, Listen() stops this process.
    (void)leader_.Send({{"say", kind}, {"line", std::string(line)}});
  }
  Leader& leader_;
};

absl::Status Measure(const nlohmann::json& json, Leader& leader) {
  ARCTRM_ASSIGN_OR_RETURN(const TrainSpec spec, TrainSpecOf(json.at("spec")));
  ARCTRM_ASSIGN_OR_RETURN(const std::string dir, BytesOf(json.at("dataset")));
  ARCTRM_ASSIGN_OR_RETURN(const Dataset dataset, ReadDataset(dir));
  ARCTRM_ASSIGN_OR_RETURN(
      const StepTime time,
      MeasureStep(dataset, spec.model, spec.train, spec.device,
                  {.repeat_s = json.at("repeat_s").get<double>(),
                   .give_up_s = json.at("give_up_s").get<double>()}));
  return leader.Send({{"step_s", time.seconds}, {"complete", time.complete}});
}

absl::Status Check(const nlohmann::json& json, Leader& leader) {
  TrainRequest request;
  ARCTRM_ASSIGN_OR_RETURN(request.spec, TrainSpecOf(json.at("spec")));
  request.group.size = json.at("ranks").get<int>();
  ARCTRM_RETURN_IF_ERROR(CheckTraining(request));
  return leader.Send({{"checked", true}});
}

absl::Status Describe(const nlohmann::json& json, Leader& leader) {
  ARCTRM_ASSIGN_OR_RETURN(const TrainSpec spec, TrainSpecOf(json.at("spec")));
  ARCTRM_ASSIGN_OR_RETURN(const DeviceInfo device,
                          DescribeDevice(spec.device, spec.train));
  return leader.Send({{"device", ToJson(device)},
                      {"machine", DescribeMachine()},
                      {"unused_gpu", UnusedGpuReason()},
                      {"cuda_devices", CountCudaDevices()}});
}

// Commands of the leader during a training.
struct Commands {
  std::mutex mutex;
  StageLimits limits;  // guarded by mutex
};

// Reads commands from `in` on a detached thread, because a blocked read cannot
// be cancelled.
std::shared_ptr<Commands> Listen(int in, const StageLimits& limits) {
  auto commands = std::make_shared<Commands>();
  commands->limits = limits;
  std::thread([in, commands] {
    for (;;) {
      const absl::StatusOr<std::string> body = CatchExceptions(
          "listening to the leader", [&] { return ReceiveFrame(in); });
      if (!body.ok()) {
        // Without a leader the result is of no use.
        RequestStop(SIGTERM);
        return;
      }
      const absl::StatusOr<nlohmann::json> json = ParseFrame(*body);
      if (!json.ok()) continue;
      if (json->contains("stop")) RequestStop(SIGTERM);
      if (!json->contains("limits")) continue;
      const absl::StatusOr<StageLimits> moved = LimitsOf((*json)["limits"]);
      if (!moved.ok()) continue;
      const std::lock_guard<std::mutex> lock(commands->mutex);
      commands->limits = *moved;
    }
  }).detach();
  return commands;
}

absl::Status TrainForLeader(const nlohmann::json& json, int in,
                            Leader& leader) {
  TrainRequest request;
  ARCTRM_ASSIGN_OR_RETURN(request.spec, TrainSpecOf(json.at("spec")));
  ARCTRM_ASSIGN_OR_RETURN(const std::string dir, BytesOf(json.at("dataset")));
  ARCTRM_ASSIGN_OR_RETURN(Dataset dataset, ReadDataset(dir));
  request.dataset = &dataset;
  ARCTRM_ASSIGN_OR_RETURN(
      const std::vector<HeldOutPair> held_out,
      TakeHeldOut(json.at("held_out").get<int>(), request.spec.seed, dataset));
  if (!held_out.empty()) {
    request.hooks.evaluate = [&](Predictor& predictor) {
      return ScoreHeldOut(predictor, held_out);
    };
  }
  ARCTRM_ASSIGN_OR_RETURN(request.group, ProcessGroupFromEnvironment());
  RemoteLog log(leader);
  request.hooks.log = &log;
  const std::shared_ptr<Commands> commands = Listen(in, request.spec.limits);
  if (!request.spec.limits.end.IsInfinite()) {
    request.hooks.replan = [&commands](const TrainStats&) {
      const std::lock_guard<std::mutex> lock(commands->mutex);
      return commands->limits;
    };
  }
  request.hooks.on_start = [&](int64_t step) {
    return leader.Send({{"start", step}});
  };
  request.hooks.on_unsaved = [&](const absl::Status& why) {
    // If the leader has ended, Listen() stops this process.
    (void)leader.Send({{"unsaved", std::string(why.message())},
                       {"no_room", absl::IsResourceExhausted(why)}});
  };
  request.hooks.on_step = [&](const TrainStats& stats) {
    return leader.Send({{"stats", ToJson(stats)}}).ok();
  };
  ARCTRM_ASSIGN_OR_RETURN(const TrainResult result, Train(request));
  return leader.Send({{"result", ToJson(result)}});
}

absl::Status Predict(const nlohmann::json& json, int in, Leader& leader) {
  ARCTRM_ASSIGN_OR_RETURN(const PredictorOptions options,
                          PredictorOptionsOf(json.at("options")));
  ARCTRM_ASSIGN_OR_RETURN(const std::string checkpoint,
                          BytesOf(json.at("checkpoint")));
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<Predictor> predictor,
                          LoadPredictor(checkpoint, options));
  return AnswerBatches(*predictor, in, [&](const std::string& frame) {
    return leader.SendBody(frame);
  });
}

absl::Status CarryOut(const nlohmann::json& request, int in, Leader& leader) {
  // Requests come from the same build, so a missing field is a bug.
  try {
    const std::string kind = request.at("kind").get<std::string>();
    if (kind == "describe") return Describe(request, leader);
    if (kind == "check") return Check(request, leader);
    if (kind == "measure") return Measure(request, leader);
    if (kind == "train") return TrainForLeader(request, in, leader);
    if (kind == "predict") return Predict(request, in, leader);
    return absl::InternalError(absl::StrCat("unknown request: ", kind));
  } catch (const nlohmann::json::exception& e) {
    return absl::InternalError(
        absl::StrCat("a request of the leader: ", e.what()));
  }
}

}  // namespace

absl::Status ServeLeader(int in, int out) {
  IgnoreWriteSignals();
  Leader leader(out);
  ARCTRM_ASSIGN_OR_RETURN(const std::string body, ReceiveFrame(in));
  ARCTRM_ASSIGN_OR_RETURN(const nlohmann::json request, ParseFrame(body));
  const absl::Status status = CatchExceptions(
      "a worker", [&] { return CarryOut(request, in, leader); });
  if (status.ok()) return absl::OkStatus();
  return leader.SendBody(ErrorFrame(status));
}

}  // namespace arctrm
