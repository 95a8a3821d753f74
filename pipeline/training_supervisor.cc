// SPDX-License-Identifier: MIT
#include "pipeline/training_supervisor.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/out_of_memory.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/watchdog.h"
#include "pipeline/frames.h"
#include "pipeline/train_recorded.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

constexpr int kMostFailures = 8;
// A device whose rank was the first to go so often is given up; the last device
// gets one more chance than that.
constexpr int kMostStrikes = 2;
// A new deadline is worth telling from here on.
constexpr absl::Duration kMoved = absl::Milliseconds(200);

// Is trying again of no use, because a person must mend something?
bool IsUserError(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsFailedPrecondition(status) || absl::IsDataLoss(status) ||
         IsDiverged(status);
}

}  // namespace

absl::Status TrainingSupervisor::StartRanks(const EngineTraining& training,
                                            nlohmann::json request,
                                            TrainingRanks& ranks) {
  const Deadline soon(RealClock(), absl::Seconds(30));
  const size_t size = devices_.list().size();
  int port = 0;
  if (size > 1) {
    ARCTRM_ASSIGN_OR_RETURN(port, FreePort());
  }
  for (size_t rank = 0; rank < size; ++rank) {
    SubprocessOptions command = devices_.Command();
    if (size > 1) {
      command.environment.insert(command.environment.end(),
                                 {{"RANK", absl::StrCat(rank)},
                                  {"LOCAL_RANK", absl::StrCat(rank)},
                                  {"WORLD_SIZE", absl::StrCat(size)},
                                  {"MASTER_ADDR", "127.0.0.1"},
                                  {"MASTER_PORT", absl::StrCat(port)}});
    }
    request["device"] = devices_.list()[rank];
    request["threads"] = devices_.ThreadsEach(training.request.device);
    ARCTRM_RETURN_IF_ERROR(ranks.Add(command, request.dump(), soon));
  }
  ranks.Listen();
  return absl::OkStatus();
}

absl::StatusOr<TrainResult> TrainingSupervisor::Try(
    const EngineTraining& training, bool resume, Failure& failure) {
  const TrainRequest& request = training.request;
  nlohmann::json json = {{"job", "train"},
                         {"dataset", training.dataset_dir},
                         {"run", request.run},
                         {"checkpoint", request.checkpoint},
                         {"out", request.out},
                         {"spare_out", request.spare_out},
                         {"best_out", request.best_out},
                         {"resume", resume},
                         {"snapshots", request.snapshots},
                         {"max_steps", request.max_steps},
                         {"limits", ToJson(request.limits)},
                         {"expected_step_s", request.expected_step_s},
                         {"seed", request.seed},
                         {"settings", SettingsJson(training.settings)}};
  const absl::Duration grace =
      WorkerGrace(absl::ToDoubleSeconds(request.limits.end.Remaining()));
  TrainingRanks ranks;
  failure = {};
  const absl::Status started = StartRanks(training, std::move(json), ranks);
  if (!started.ok()) {
    failure.why = started;
    failure.rank = ranks.size() < devices_.list().size() ? ranks.size() : 0;
    return started;
  }
  Deadline end = request.limits.end;
  bool told_to_stop = false;
  const auto stop = [&] {
    if (told_to_stop) return;
    told_to_stop = true;
    ranks.Tell({{"stop", true}});
    const Deadline soon(RealClock(), grace);
    if (soon.Remaining() < end.Remaining()) end = soon.EarlierBy(grace);
  };
  std::vector<bool> done(ranks.size(), false);
  for (;;) {
    if (StopSignal() != 0) {
      AcknowledgeStop();
      stop();
    }
    if (end.Remaining() < -grace) {
      failure.why = absl::DeadlineExceededError(
          absl::StrCat("the training did not end within ", DurationText(grace),
                       " after it should have"));
      failure.hung = true;
      return failure.why;
    }
    const std::optional<TrainingRanks::Event> event =
        ranks.Next(absl::Milliseconds(100));
    if (!event.has_value()) continue;
    if (!event->said.ok()) {
      if (done[event->rank]) continue;  // as it should be
      failure.rank = event->rank;
      failure.why = event->said.status();
      return failure.why;
    }
    const nlohmann::json& said = *event->said;
    const absl::Status error = ErrorOf(said);
    if (!error.ok()) {
      const TrainingRanks::Fault fault = ranks.Blame(event->rank, error);
      failure.rank = fault.rank;
      failure.why = fault.why;
      return failure.why;
    }
    if (said.contains("say")) {
      const std::string line = said.value("line", "");
      const std::string kind = said.value("say", "");
      if (kind == "progress") {
        devices_.log().Progress(line);
      } else if (kind == "warning") {
        devices_.Warn(line);
      } else {
        devices_.log().Info(line);
      }
    } else if (said.contains("unsaved")) {
      if (request.on_unsaved) {
        const std::string why = said.value("unsaved", "");
        request.on_unsaved(said.value("no_room", true)
                               ? absl::ResourceExhaustedError(why)
                               : absl::FailedPreconditionError(why));
      }
    } else if (said.contains("start")) {
      if (request.on_start) {
        ARCTRM_RETURN_IF_ERROR(
            failure.why = request.on_start(said.value("start", int64_t{0})));
      }
    } else if (said.contains("stats")) {
      absl::StatusOr<TrainStats> stats = StatsOf(said["stats"]);
      ARCTRM_RETURN_IF_ERROR(failure.why = stats.status());
      if (request.on_step && !request.on_step(*stats)) stop();
      if (request.replan && !told_to_stop) {
        const Deadline now = request.replan(*stats);
        const absl::Duration moved = now.Remaining() - end.Remaining();
        if (moved > kMoved || moved < -kMoved) {
          end = now;
          ranks.Tell({{"deadline", ToJson(end)}});
        }
      }
    } else if (said.contains("result")) {
      // Rank 0 alone has saved and knows what was best.
      if (event->rank == 0) return ResultOf(said["result"]);
      done[event->rank] = true;
    }
  }
}

absl::StatusOr<TrainResult> TrainingSupervisor::Salvage(
    const EngineTraining& training, TrainStop stop,
    const absl::Status& why) const {
  TrainRequest request = training.request;
  SwitchToSpareFolder(request);
  const std::string& saved_in = request.out;
  const absl::StatusOr<CheckpointInfo> info = ReadCheckpointInfo(saved_in);
  // Another folder may have room.
  if (!info.ok() && absl::IsResourceExhausted(why)) return why;
  if (!info.ok()) {
    return absl::UnavailableError(absl::StrCat(
        "training: ", why.message(), "; nothing had been saved by then (",
        devices_.ErrorFile(), " has what the workers said)"));
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
  ARCTRM_RETURN_IF_ERROR(devices_.Find(request.device));
  bool resume = request.resume;
  for (int failures = 0;;) {
    Failure failure;
    absl::StatusOr<TrainResult> result = Try(training, resume, failure);
    // What is too large once is too large again: the job knows a smaller batch.
    if (result.ok() || IsUserError(result.status()) ||
        IsOutOfMemory(result.status())) {
      return result;
    }
    devices_.log().EndProgress();
    const std::string device = devices_.list()[failure.rank];
    devices_.Warn(
        absl::StrCat("training on ", device, ": ", result.status().message()));
    if (StopSignal() != 0) {
      return Salvage(training, TrainStop::kSignal, result.status());
    }
    // What found no room in the end finds none in another try.
    if (failure.hung || absl::IsResourceExhausted(result.status()) ||
        !WorthTraining(request.limits.end) || ++failures >= kMostFailures) {
      return Salvage(training, TrainStop::kDeadline, result.status());
    }
    const int strikes = ++strikes_[device];
    if (devices_.list().size() > 1 && strikes >= kMostStrikes) {
      devices_.list().erase(devices_.list().begin() +
                            static_cast<std::ptrdiff_t>(failure.rank));
      devices_.Warn(absl::StrCat("going on without ", device));
    } else if (strikes > kMostStrikes) {
      return Salvage(training, TrainStop::kDeadline, result.status());
    }
    SwitchToSpareFolder(request);
    const absl::StatusOr<CheckpointInfo> saved =
        ReadCheckpointInfo(request.out);
    resume = saved.ok() && saved->has_resume_state &&
             (request.resume || saved->step > 0);
    devices_.Warn(resume
                      ? "taking the training up again where it was saved last"
                      : "beginning the training again");
  }
}

}  // namespace arctrm
