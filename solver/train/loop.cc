// SPDX-License-Identifier: MIT
#include "solver/train/loop.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/watchdog.h"
#include "solver/checkpoint_info.h"
#include "solver/train/checkpoint_writer.h"
#include "solver/train/hooks.h"
#include "solver/train/state_io.h"
#include "solver/train/step_stats.h"
#include "solver/train/stoppers.h"

namespace arctrm::internal {
namespace {

double SecondsSince(absl::Time start) {
  return absl::ToDoubleSeconds(RealClock().Now() - start);
}

void SetTimes(absl::Time start, TrainResult& result) {
  result.time_s = SecondsSince(start);
  result.steps_per_s =
      static_cast<double>(result.steps) / std::max(result.time_s, 1e-9);
}

// The loop of rank 0.
class LeaderLoop {
 public:
  explicit LeaderLoop(Training& training)
      : loop_(training),
        writer_(loop_),
        stoppers_(MakeStoppers()),
        evaluate_(loop_, writer_),
        metrics_(loop_),
        snapshots_(loop_, writer_),
        checkpoints_(writer_),
        // Snapshots precede the checkpoint, because a training that resumes
        // from it assumes that all earlier snapshots exist.
        hooks_{&evaluate_, &metrics_, &snapshots_, &checkpoints_} {}

  absl::StatusOr<TrainResult> Run();

 private:
  // Runs steps until there is a reason to stop.
  absl::StatusOr<TrainStop> RunSteps();
  // Runs one step on all processes. false: interrupted.
  bool Step();
  void UpdateStats(double step_s);
  std::optional<TrainStop> AskStoppers(
      std::optional<TrainStop> (Stopper::*question)(const LoopState&));
  absl::StatusOr<std::optional<TrainStop>> RunHooks();
  bool AllWeightsFinite();
  // Never saves diverged weights. OK if an earlier checkpoint exists.
  absl::Status EndDiverged();
  absl::Status EvaluateAtEnd(TrainStop stop);
  absl::Status SaveAtEnd();

  LoopState loop_;
  CheckpointWriter writer_;
  Stoppers stoppers_;
  EvaluateHook evaluate_;
  MetricsHook metrics_;
  SnapshotHook snapshots_;
  CheckpointHook checkpoints_;
  std::array<TrainHook*, 4> hooks_;
  TrainResult result_;
};

absl::StatusOr<TrainStop> LeaderLoop::RunSteps() {
  for (;;) {
    if (const auto stop = AskStoppers(&Stopper::BeforeStep)) return *stop;
    if (!Step()) {
      AcknowledgeStop();
      return StopSignal() != 0 ? TrainStop::kSignal : TrainStop::kDeadline;
    }
    if (const auto stop = AskStoppers(&Stopper::AfterStep)) return *stop;
    ARCTRM_ASSIGN_OR_RETURN(const std::optional<TrainStop> stop, RunHooks());
    if (stop.has_value()) return *stop;
  }
}

bool LeaderLoop::Step() {
  Training& training = loop_.training;
  const absl::Time before = RealClock().Now();
  const CommandMessage step =
      BroadcastCommand(training, {Command::kStep, loop_.Progress()});
  StepSums sums;
  if (!TrainStep(training, step.value, sums, loop_.limits.abort)) {
    return false;
  }
  ++result_.steps;
  training.executor.collective().WaitFor(sums.sent);
  ReadSums(sums, loop_.request.spec.train, loop_.stats);
  UpdateStats(SecondsSince(before));
  return true;
}

void LeaderLoop::UpdateStats(double step_s) {
  const TrainState& state = loop_.training.state;
  double& mean_s = loop_.costs.step_s;
  mean_s = mean_s == 0 ? step_s : 0.9 * mean_s + 0.1 * step_s;
  TrainStats& stats = loop_.stats;
  stats.step = state.counters.step;
  stats.time_s = loop_.TimeS();
  stats.learning_rate = state.counters.learning_rate;
  stats.steps_per_s = 1 / std::max(mean_s, 1e-9);
  stats.skipped_steps = state.loss_scale.skipped_steps;
  stats.row_updates = (state.counters.step - state.loss_scale.skipped_steps) *
                      loop_.request.spec.train.batch;
}

std::optional<TrainStop> LeaderLoop::AskStoppers(
    std::optional<TrainStop> (Stopper::*question)(const LoopState&)) {
  for (const std::unique_ptr<Stopper>& stopper : stoppers_) {
    if (const auto stop = ((*stopper).*question)(loop_)) return stop;
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<TrainStop>> LeaderLoop::RunHooks() {
  const bool due =
      std::any_of(hooks_.begin(), hooks_.end(),
                  [](const TrainHook* hook) { return hook->Due(); });
  // A finite loss does not imply finite weights: it precedes their update.
  if (due && !AllWeightsFinite()) return TrainStop::kDiverged;
  for (TrainHook* hook : hooks_) {
    ARCTRM_ASSIGN_OR_RETURN(const std::optional<TrainStop> stop,
                            hook->OnStep(due));
    if (stop.has_value()) return stop;
  }
  return std::nullopt;
}

bool LeaderLoop::AllWeightsFinite() {
  loop_.training.executor.collective().Finish();
  return loop_.training.state.AllWeightsFinite();
}

absl::Status LeaderLoop::EndDiverged() {
  const std::string what =
      absl::StrCat("the loss became NaN or infinite at step ",
                   loop_.training.state.counters.step,
                   "; lower train.learning_rate, or use float32");
  if (loop_.request.spec.out.empty() ||
      !ReadCheckpointInfo(writer_.out()).ok()) {
    return DivergedError(what);
  }
  if (loop_.request.hooks.log != nullptr) {
    loop_.request.hooks.log->Warning(
        absl::StrCat(what, "; the last checkpoint stays"));
  }
  return absl::OkStatus();
}

absl::Status LeaderLoop::EvaluateAtEnd(TrainStop stop) {
  const TrainRequest& request = loop_.request;
  // After a signal, save without delay.
  if (!request.hooks.evaluate || stop == TrainStop::kSignal ||
      stop == TrainStop::kCallback || evaluate_.UpToDate()) {
    return absl::OkStatus();
  }
  ARCTRM_RETURN_IF_ERROR(evaluate_.Evaluate());
  if (request.hooks.on_step) request.hooks.on_step(loop_.stats);
  return absl::OkStatus();
}

absl::Status LeaderLoop::SaveAtEnd() {
  const std::string& out = loop_.request.spec.out;
  if (out.empty()) return absl::OkStatus();
  absl::Status saved = writer_.Save(/*last=*/true);
  if (saved.ok()) {
    result_.final_save_s = loop_.costs.save_s;
    return saved;
  }
  const absl::StatusOr<CheckpointInfo> before = ReadCheckpointInfo(out);
  return absl::Status(
      saved.code(),
      absl::StrCat(
          "the trained weights could not be saved: ", saved.message(),
          before.ok()
              ? absl::StrCat("; ", out, " holds those of step ", before->step)
              : absl::StrCat("; ", out, " holds no checkpoint")));
}

absl::StatusOr<TrainResult> LeaderLoop::Run() {
  const TrainState& state = loop_.training.state;
  if (loop_.request.hooks.on_start) {
    ARCTRM_RETURN_IF_ERROR(loop_.request.hooks.on_start(state.counters.step));
  }
  ARCTRM_ASSIGN_OR_RETURN(result_.stop, RunSteps());
  if (!AllWeightsFinite()) result_.stop = TrainStop::kDiverged;
  SetTimes(loop_.start, result_);
  if (result_.stop == TrainStop::kDiverged) {
    ARCTRM_RETURN_IF_ERROR(EndDiverged());
  } else {
    ARCTRM_RETURN_IF_ERROR(EvaluateAtEnd(result_.stop));
    ARCTRM_RETURN_IF_ERROR(SaveAtEnd());
  }
  result_.out = writer_.out();
  result_.best = state.best.score;
  result_.best_step = state.best.step;
  BroadcastCommand(loop_.training,
                   {Command::kStop, static_cast<double>(result_.stop)});
  return result_;
}

// The loop of the other ranks.
absl::StatusOr<TrainResult> FollowerLoop(Training& training) {
  const absl::Time start = RealClock().Now();
  Collective& group = training.executor.collective();
  TrainResult result;
  bool asked = false;
  for (;;) {
    if (StopSignal() != 0 && !asked) {
      AcknowledgeStop();
      group.AskToStop();
      asked = true;
    }
    const CommandMessage message = BroadcastCommand(training);
    if (message.command == Command::kStep) {
      StepSums sums;
      TrainStep(training, message.value, sums);
      ++result.steps;
    } else if (message.command == Command::kSave) {
      GatherForSave(training);
    } else if (message.command == Command::kStop) {
      result.stop = static_cast<TrainStop>(static_cast<int>(message.value));
      break;
    } else {
      return absl::AbortedError(
          absl::StrCat("rank ", group.rank(), " of ", group.size(),
                       ": rank 0 ended with an error, which it reports"));
    }
  }
  SetTimes(start, result);
  return result;
}

}  // namespace

LoopState::LoopState(Training& trained)
    : training(trained),
      request(trained.request),
      start(RealClock().Now()),
      limits(request.spec.limits) {
  costs.step_s = request.spec.expected_step_s;
}

double LoopState::TimeS() const {
  return training.state.counters.earlier_time_s + SecondsSince(start);
}

double LoopState::Progress() const {
  double done = 0;
  if (request.spec.max_steps > 0) {
    done = static_cast<double>(training.state.counters.step) /
           static_cast<double>(request.spec.max_steps);
  }
  if (!limits.end.IsInfinite()) {
    const double left_s =
        std::max(0.0, absl::ToDoubleSeconds(limits.end.Remaining()));
    const double time_s = TimeS();
    done = std::max(done, time_s / std::max(time_s + left_s, 1e-9));
  }
  return std::min(done, 1.0);
}

CommandMessage BroadcastCommand(const Training& training,
                                CommandMessage message) {
  Collective& group = training.executor.collective();
  if (group.size() == 1) return message;
  Tensor word = at::empty({2}, at::kDouble);
  double* at = word.mutable_data_ptr<double>();
  at[0] = static_cast<double>(message.command);
  at[1] = message.value;
  group.Broadcast(word);
  return {static_cast<Command>(static_cast<int>(at[0])), at[1]};
}

absl::StatusOr<TrainResult> RunTraining(Training& training) {
  if (training.executor.collective().rank() > 0) return FollowerLoop(training);
  absl::StatusOr<TrainResult> result = LeaderLoop(training).Run();
  // Sends no command after an exception, because the process group may have
  // failed.
  if (!result.ok()) BroadcastCommand(training, {Command::kFail});
  return result;
}

}  // namespace arctrm::internal
