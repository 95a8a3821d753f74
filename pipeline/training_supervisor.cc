// SPDX-License-Identifier: MIT
#include "pipeline/training_supervisor.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/out_of_memory.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/watchdog.h"
#include "pipeline/frames.h"
#include "pipeline/messages.h"
#include "pipeline/train_recorded.h"
#include "pipeline/training_ranks.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

constexpr int kMaxFailures = 8;
// A device whose rank failed first this often is no longer used; the last
// device gets one more chance.
constexpr int kMaxStrikes = 2;
// Ranks hear of a new deadline that moved by at least this much.
constexpr absl::Duration kMinMove = absl::Milliseconds(200);

// Errors that the user must mend: trying again would not help.
bool IsUserError(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsFailedPrecondition(status) || absl::IsDataLoss(status) ||
         IsDiverged(status);
}

// One attempt at a training: starts the ranks, handles their messages, ends
// with a result or a failure. Ranks that still run are killed with it.
class Attempt {
 public:
  // Borrows both.
  Attempt(const EngineTraining& training, WorkerDevices& devices)
      : training_(training),
        request_(training.request),
        devices_(devices),
        grace_(WorkerGrace(
            absl::ToDoubleSeconds(request_.spec.limits.end.Remaining()))),
        end_(request_.spec.limits.end) {}

  absl::StatusOr<TrainResult> Run(bool resume);

  // After an error: the rank that failed first, and whether the ranks did not
  // end in time.
  size_t failed_rank() const { return failed_rank_; }
  bool hung() const { return hung_; }

 private:
  absl::Status StartRanks(bool resume);
  absl::Status CheckTime();
  void StopRanks();
  absl::Status HandleEvent(const TrainingRanks::Event& event);
  void HandleLogLine(const nlohmann::json& message);
  void HandleUnsaved(const nlohmann::json& message);
  absl::Status HandleStats(const nlohmann::json& stats);
  absl::Status HandleResult(size_t rank, const nlohmann::json& result);

  const EngineTraining& training_;
  const TrainRequest& request_;
  WorkerDevices& devices_;
  const absl::Duration grace_;
  Deadline end_;  // as the ranks know it
  TrainingRanks ranks_;
  bool stopping_ = false;
  std::vector<bool> done_;  // by rank
  std::optional<TrainResult> result_;
  size_t failed_rank_ = 0;
  bool hung_ = false;
};

absl::StatusOr<TrainResult> Attempt::Run(bool resume) {
  const absl::Status started = StartRanks(resume);
  if (!started.ok()) {
    failed_rank_ = ranks_.size() < devices_.list().size() ? ranks_.size() : 0;
    return started;
  }
  done_.assign(ranks_.size(), false);
  while (!result_.has_value()) {
    if (StopSignal() != 0) {
      AcknowledgeStop();
      StopRanks();
    }
    ARCTRM_RETURN_IF_ERROR(CheckTime());
    const std::optional<TrainingRanks::Event> event =
        ranks_.Next(absl::Milliseconds(100));
    if (event.has_value()) ARCTRM_RETURN_IF_ERROR(HandleEvent(*event));
  }
  return *result_;
}

absl::Status Attempt::StartRanks(bool resume) {
  const Deadline deadline = RequestDeadline(request_.spec.limits.end);
  const size_t size = devices_.list().size();
  int port = 0;
  if (size > 1) {
    ARCTRM_ASSIGN_OR_RETURN(port, FreePort());
  }
  TrainSpec spec = request_.spec;
  spec.resume = resume;
  for (size_t rank = 0; rank < size; ++rank) {
    SubprocessOptions command = devices_.Command();
    command.environment.emplace_back("WORLD_SIZE", absl::StrCat(size));
    if (size > 1) {
      command.environment.insert(command.environment.end(),
                                 {{"RANK", absl::StrCat(rank)},
                                  {"LOCAL_RANK", absl::StrCat(rank)},
                                  {"LOCAL_WORLD_SIZE", absl::StrCat(size)},
                                  {"MASTER_ADDR", "127.0.0.1"},
                                  {"MASTER_PORT", absl::StrCat(port)}});
    }
    spec.device = {devices_.list()[rank],
                   devices_.ThreadsEach(request_.spec.device)};
    const nlohmann::json message = {{"kind", "train"},
                                    {"dataset", ToJson(training_.dataset_dir)},
                                    {"held_out", training_.held_out},
                                    {"spec", ToJson(spec)}};
    ARCTRM_RETURN_IF_ERROR(ranks_.Add(command, message.dump(), deadline));
  }
  ranks_.Listen();
  return absl::OkStatus();
}

absl::Status Attempt::CheckTime() {
  if (end_.Remaining() >= -grace_) return absl::OkStatus();
  hung_ = true;
  return absl::DeadlineExceededError(
      absl::StrCat("the training did not end within ", DurationText(grace_),
                   " after it should have"));
}

void Attempt::StopRanks() {
  if (stopping_) return;
  stopping_ = true;
  ranks_.SendToAll({{"stop", true}});
  const Deadline soon(RealClock(), grace_);
  if (soon.Remaining() < end_.Remaining()) end_ = soon.EarlierBy(grace_);
}

absl::Status Attempt::HandleEvent(const TrainingRanks::Event& event) {
  if (!event.message.ok()) {
    if (done_[event.rank]) return absl::OkStatus();  // it has sent its result
    failed_rank_ = event.rank;
    return event.message.status();
  }
  const nlohmann::json& message = *event.message;
  const absl::Status error = ErrorOf(message);
  if (!error.ok()) {
    const TrainingRanks::Fault fault = ranks_.Blame(event.rank, error);
    failed_rank_ = fault.rank;
    return fault.why;
  }
  if (message.contains("say")) {
    HandleLogLine(message);
  } else if (message.contains("unsaved")) {
    HandleUnsaved(message);
  } else if (message.contains("start")) {
    return request_.hooks.on_start == nullptr
               ? absl::OkStatus()
               : request_.hooks.on_start(message.value("start", int64_t{0}));
  } else if (message.contains("stats")) {
    return HandleStats(message["stats"]);
  } else if (message.contains("result")) {
    return HandleResult(event.rank, message["result"]);
  }
  return absl::OkStatus();
}

void Attempt::HandleLogLine(const nlohmann::json& message) {
  const std::string line = message.value("line", "");
  const std::string kind = message.value("say", "");
  if (kind == "progress") {
    devices_.log().Progress(line);
  } else if (kind == "warning") {
    devices_.Warn(line);
  } else {
    devices_.log().Info(line);
  }
}

void Attempt::HandleUnsaved(const nlohmann::json& message) {
  if (!request_.hooks.on_unsaved) return;
  const std::string why = message.value("unsaved", "");
  request_.hooks.on_unsaved(message.value("no_room", true)
                                ? absl::ResourceExhaustedError(why)
                                : absl::FailedPreconditionError(why));
}

absl::Status Attempt::HandleStats(const nlohmann::json& json) {
  ARCTRM_ASSIGN_OR_RETURN(const TrainStats stats, StatsOf(json));
  const TrainHooks& hooks = request_.hooks;
  if (hooks.on_step && !hooks.on_step(stats)) StopRanks();
  if (!hooks.replan || stopping_) return absl::OkStatus();
  const StageLimits limits = hooks.replan(stats);
  const absl::Duration moved = limits.end.Remaining() - end_.Remaining();
  if (moved > kMinMove || moved < -kMinMove) {
    end_ = limits.end;
    ranks_.SendToAll({{"limits", ToJson(limits)}});
  }
  return absl::OkStatus();
}

absl::Status Attempt::HandleResult(size_t rank, const nlohmann::json& json) {
  done_[rank] = true;
  // Rank 0 alone saves, and knows the best score.
  if (rank > 0) return absl::OkStatus();
  ARCTRM_ASSIGN_OR_RETURN(result_, ResultOf(json));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TrainResult> TrainingSupervisor::Salvage(
    const EngineTraining& training, TrainStop stop,
    const absl::Status& why) const {
  TrainRequest request = training.request;
  SwitchToSpareFolder(request);
  const std::string& saved_in = request.spec.out;
  const absl::StatusOr<CheckpointInfo> info = ReadCheckpointInfo(saved_in);
  // The caller may know another folder that has room.
  if (!info.ok() && absl::IsResourceExhausted(why)) return why;
  if (!info.ok()) {
    return absl::UnavailableError(absl::StrCat(
        "training: ", why.message(), "; no checkpoint had been saved (see ",
        devices_.ErrorFile(), " for the workers' messages)"));
  }
  TrainResult result;
  result.stop = stop;
  result.out = saved_in;
  result.steps = info->step;
  result.time_s = info->train_time_s;
  result.steps_per_s =
      static_cast<double>(info->step) / std::max(info->train_time_s, 1e-9);
  return result;
}

absl::StatusOr<TrainResult> TrainingSupervisor::Train(
    const EngineTraining& asked) {
  EngineTraining training = asked;
  TrainRequest& request = training.request;
  ARCTRM_RETURN_IF_ERROR(devices_.Find(request.spec.device));
  bool resume = request.spec.resume;
  for (int failures = 0;;) {
    Attempt attempt(training, devices_);
    absl::StatusOr<TrainResult> result = attempt.Run(resume);
    // After running out of memory the run plans a smaller batch.
    if (result.ok() || IsUserError(result.status()) ||
        IsOutOfMemory(result.status())) {
      return result;
    }
    devices_.log().EndProgress();
    const std::string device = devices_.list()[attempt.failed_rank()];
    devices_.Warn(
        absl::StrCat("training on ", device, ": ", result.status().message()));
    if (StopSignal() != 0) {
      return Salvage(training, TrainStop::kSignal, result.status());
    }
    // Another attempt would find no room either.
    if (attempt.hung() || absl::IsResourceExhausted(result.status()) ||
        !WorthTraining(request.spec.limits.end) || ++failures >= kMaxFailures) {
      return Salvage(training, TrainStop::kDeadline, result.status());
    }
    const int strikes = ++strikes_[device];
    if (devices_.list().size() > 1 && strikes >= kMaxStrikes) {
      devices_.list().erase(devices_.list().begin() +
                            static_cast<std::ptrdiff_t>(attempt.failed_rank()));
      devices_.Warn(absl::StrCat("going on without ", device));
    } else if (strikes > kMaxStrikes) {
      return Salvage(training, TrainStop::kDeadline, result.status());
    }
    SwitchToSpareFolder(request);
    const absl::StatusOr<CheckpointInfo> saved =
        ReadCheckpointInfo(request.spec.out);
    resume = saved.ok() && saved->has_resume_state &&
             (request.spec.resume || saved->step > 0);
    devices_.Warn(resume ? "resuming the training from its last checkpoint"
                         : "starting the training again");
  }
}

}  // namespace arctrm
