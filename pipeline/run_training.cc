// SPDX-License-Identifier: MIT
#include "pipeline/run_training.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/out_of_memory.h"
#include "base/printable.h"
#include "base/status.h"
#include "base/stop.h"
#include "pipeline/replanner.h"
#include "pipeline/train_recorded.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"

namespace arctrm {
namespace {

// From the weights saved last, with other settings: a resumed training would
// have to have the same.
void GoOnFromSaved(TrainRequest& request) {
  request.spec.checkpoint = request.spec.out;
  // Else a worker that dies before the next save would be resumed from it.
  (void)DropResumeState(request.spec.out);
}

// No more training: the weights in `out` vote; "" for none.
TrainResult TimeIsOver(const std::string& out) {
  TrainResult result;
  result.stop = TrainStop::kDeadline;
  result.out = out;
  return result;
}

class RunTraining {
 public:
  RunTraining(const Dataset& dataset, const std::vector<HeldOutPair>& held_out,
              TimeBudget& budget, Engine& engine, RunOptions& options,
              RunJournal& journal, MeasuredPlan& planned)
      : dataset_(dataset),
        held_out_(held_out),
        budget_(budget),
        engine_(engine),
        options_(options),
        journal_(journal),
        planned_(planned) {}

  absl::StatusOr<TrainedRun> Run();

 private:
  // Is there no time for a step, and no weights that could vote? Says so.
  bool NothingToDo();
  // The deadline of the training from now on; told when it has moved.
  Deadline Replan(const TrainStats& stats);
  void ResumeRun(TrainRequest& request);
  std::string DatasetDir() const;
  absl::StatusOr<TrainResult> TrainOnce(const TrainRequest& request);
  absl::StatusOr<TrainResult> TrainUntilDone(TrainRequest request);
  absl::Status AddRowUpdates(const std::string& checkpoint);

  const Dataset& dataset_;
  const std::vector<HeldOutPair>& held_out_;
  TimeBudget& budget_;
  Engine& engine_;
  RunOptions& options_;
  RunJournal& journal_;
  MeasuredPlan& planned_;
  std::optional<Replanner> replanner_;  // of a training with a deadline
};

// A run that goes on, and with it the training where it had saved something.
void RunTraining::ResumeRun(TrainRequest& request) {
  const absl::StatusOr<CheckpointInfo> saved =
      ReadCheckpointInfo(request.spec.out);
  if (!saved.ok()) return;
  request.spec.resume = saved->has_resume_state || !options_.unattended;
  if (!request.spec.resume) {
    // Ended between GoOnFromSaved() and the first save after it.
    request.spec.checkpoint = request.spec.out;
  } else if (options_.unattended) {
    // What was helped stays so.
    options_.train = saved->train;
  } else {
    // The run's settings are the same; memory may have made it smaller.
    options_.train.batch = saved->train.batch;
  }
  request.spec.train = options_.train;
}

absl::StatusOr<TrainedRun> RunTraining::Run() {
  const std::string spare =
      options_.spare.empty() ? "" : JoinPath(options_.spare, "checkpoint");
  TrainedRun trained;
  trained.checkpoint = journal_.folder().checkpoint_dir();
  if (journal_.record().training_done) {
    if (!IsDirectory(trained.checkpoint) && !spare.empty()) {
      trained.checkpoint = spare;
    }
    return trained;
  }
  const double started = journal_.ElapsedS();
  if (NothingToDo()) {
    trained.checkpoint.clear();
    return trained;
  }
  TrainRequest request;
  request.dataset = &dataset_;
  request.spec = options_.ToTrainSpec();
  request.spec.snapshots = options_.planning.snapshots;
  request.spec.run = journal_.record().run;
  request.spec.out = journal_.folder().checkpoint_dir();
  request.spec.spare_out = spare;
  request.spec.keep_in_memory = !engine_.NeedsFiles();
  request.hooks.on_unsaved = [this](const absl::Status& why) {
    journal_.Unsaved(why);
  };
  ForgetCheckpointsInMemory();
  // What an earlier run left there is not of this one.
  if (!spare.empty()) {
    (void)RemoveAll(spare);
    (void)RemoveAll(SpareBest(spare));
  }
  if (options_.resume) ResumeRun(request);
  if (budget_.limited()) {
    replanner_.emplace(planned_.plan, planned_.inputs, options_, budget_);
    request.spec.limits = budget_.Training();
    request.spec.expected_step_s = planned_.inputs.step_s;
    request.hooks.replan = [this](const TrainStats& stats) {
      return Replan(stats);
    };
  }
  if (!held_out_.empty()) {
    request.spec.best_out = journal_.folder().best_dir();
    request.hooks.evaluate = [this](Predictor& predictor) {
      return ScoreHeldOut(predictor, held_out_);
    };
  }
  ARCTRM_ASSIGN_OR_RETURN(const TrainResult result, TrainUntilDone(request));
  trained.checkpoint = result.out;
  if (result.out.empty() && ReadCheckpointInfo(request.spec.out).ok()) {
    trained.checkpoint = request.spec.out;
  }
  journal_.record().training_done =
      result.stop != TrainStop::kSignal && !trained.checkpoint.empty();
  journal_.record().steps += result.steps;
  int& snapshots = journal_.record().snapshots;
  while (IsDirectory(SnapshotDir(trained.checkpoint, snapshots + 1))) {
    ++snapshots;
  }
  trained.stopped = result.stop == TrainStop::kSignal;
  journal_.log().Info(absl::StrFormat(
      "trained %s in %s (%.2f steps/s, %s)", Counted(result.steps, "step"),
      DurationText(absl::Seconds(result.time_s)), result.steps_per_s,
      TrainStopName(result.stop)));
  if (result.stop == TrainStop::kDiverged) {
    journal_.Warn("training diverged; the weights before that vote");
  }
  if (result.best_step > 0) {
    const std::string line = absl::StrFormat(
        "step %d solves %.1f %% of what is held out; its weights vote",
        result.best_step, 100 * result.best.exact);
    journal_.log().Info(line);
    journal_.Section("Plan").emplace_back("best weights", line);
  }
  journal_.AddTiming("training", journal_.ElapsedS() - started);
  journal_.Section("Plan").emplace_back(
      "trained", absl::StrFormat("%d steps, %.2f steps/s, %.0f samples/s",
                                 result.steps, result.steps_per_s,
                                 result.steps_per_s * options_.train.batch));
  if (!trained.checkpoint.empty()) {
    ARCTRM_RETURN_IF_ERROR(journal_.DowngradeToWarning(
        AddRowUpdates(trained.checkpoint), "updates of rows"));
  }
  // A process that takes the run up would not find these weights.
  if (IsOnlyInMemory(trained.checkpoint)) {
    journal_.record().training_done = false;
  }
  journal_.Keep(
      journal_.Save(trained.stopped ? journal_.record().status : "voting"));
  return trained;
}

bool RunTraining::NothingToDo() {
  if (!budget_.limited() || planned_.plan.steps > 0 ||
      !options_.checkpoint.empty() ||
      ReadCheckpointInfo(journal_.folder().checkpoint_dir()).ok()) {
    return false;
  }
  journal_.Warn(absl::StrFormat(
      "no training step fits into the time (one takes %s%s), and without "
      "trained weights nothing can be answered; give more time, a smaller "
      "network (--recipe small), a smaller train.batch, or weights "
      "(--checkpoint)",
      planned_.inputs.step_complete ? "" : "more than ",
      DurationText(absl::Seconds(planned_.inputs.step_s))));
  return true;
}

Deadline RunTraining::Replan(const TrainStats& stats) {
  const std::string reason = replanner_->MaybeReplan(stats.step);
  if (!reason.empty()) {
    journal_.log().Info(absl::StrCat("new plan: ", reason));
    journal_.Section("Plan").emplace_back(
        absl::StrCat("after ",
                     DurationText(absl::Seconds(journal_.ElapsedS()))),
        reason);
    planned_.plan = replanner_->plan();
    journal_.record().planned_steps = planned_.plan.steps;
  }
  return budget_.Training().end;
}

// The spare folder has it where the work folder had no room.
std::string RunTraining::DatasetDir() const {
  std::string dir = journal_.folder().dataset_dir();
  if (options_.spare.empty() || FileExists(JoinPath(dir, "dataset.json"))) {
    return dir;
  }
  return JoinPath(options_.spare, "dataset");
}

absl::StatusOr<TrainResult> RunTraining::TrainOnce(
    const TrainRequest& request) {
  absl::StatusOr<TrainResult> result = TrainRecorded(
      [this](const TrainRequest& r) {
        return engine_.Train({r, DatasetDir(), options_.planning.held_out});
      },
      request, journal_.folder(),
      options_.steps > 0 ? options_.steps : planned_.plan.steps, budget_.end(),
      journal_.log());
  journal_.TakeWarnings(engine_);
  return result;
}

absl::StatusOr<TrainResult> RunTraining::TrainUntilDone(TrainRequest request) {
  constexpr double kSlower = 0.2;
  bool slowed = false;
  bool start_alone = false;  // nothing is trained any more
  for (;;) {
    absl::StatusOr<TrainResult> result = TrainOnce(request);
    if (!options_.unattended || StopSignal() != 0) return result;
    const bool diverged = result.ok() ? result->stop == TrainStop::kDiverged
                                      : IsDiverged(result.status());
    if (result.ok() && !diverged) return result;
    SwitchToSpareFolder(request);
    const bool saved = ReadCheckpointInfo(request.spec.out).ok();
    Deadline end = budget_.Training().end;
    const bool time_left = WorthTraining(end);
    if (!result.ok()) {
      journal_.Warn(absl::StrCat("training: ", result.status().message()));
    }
    if (time_left && diverged && !slowed) {
      slowed = true;
      options_.train.learning_rate *= kSlower;
      options_.train.puzzle_learning_rate *= kSlower;
      options_.train.precision = "float32";
      if (saved) GoOnFromSaved(request);
      journal_.Warn(absl::StrCat(
          "training diverged: going on in float32 with "
          "train.learning_rate ",
          options_.train.learning_rate,
          saved ? " from the last checkpoint" : " from the start"));
    } else if (time_left && IsOutOfMemory(result.status()) &&
               HalveBatch(engine_, options_)) {
      if (saved) GoOnFromSaved(request);
      journal_.Warn(absl::StrCat(
          "going on with train.batch ", options_.train.batch,
          saved ? " from the last checkpoint" : " from the start"));
    } else if (time_left && !result.ok() && !saved &&
               !request.spec.checkpoint.empty() &&
               !absl::IsResourceExhausted(result.status())) {
      journal_.Warn("training begins from nothing");
      request.spec.checkpoint.clear();
    } else if (saved && !result.ok()) {
      journal_.Warn("the weights saved before that vote");
      return TimeIsOver(request.spec.out);
    } else if (!time_left && absl::IsUnavailable(result.status())) {
      // With weights to start from there is something that can vote; without,
      // nobody can mend it.
      if (start_alone || options_.checkpoint.empty() ||
          !budget_.WorthStartWeights(engine_.StartSeconds())) {
        return TimeIsOver("");
      }
      journal_.Warn("the start weights vote");
      start_alone = true;
      end = Deadline(RealClock(), absl::ZeroDuration());
      request.spec.checkpoint = options_.checkpoint;
      request.spec.limits.abort = budget_.Voting().end;
    } else {
      return result;
    }
    request.spec.train = options_.train;
    request.spec.resume = false;
    request.spec.limits.end = end;
  }
}

// How often the embedding rows were updated, against what was wanted.
absl::Status RunTraining::AddRowUpdates(const std::string& checkpoint) {
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(checkpoint));
  std::vector<int64_t> updates;
  for (const TaskEmbeddings& task : info.ids.tasks) {
    updates.insert(updates.end(), task.updates.begin(), task.updates.end());
  }
  if (updates.empty()) return absl::OkStatus();
  std::sort(updates.begin(), updates.end());
  const std::string text = absl::StrFormat(
      "least %d, median %d, most %d; %d wanted (run.row_updates)",
      updates.front(), updates[updates.size() / 2], updates.back(),
      options_.planning.row_updates);
  journal_.log().Info(absl::StrCat("updates of an embedding row: ", text));
  journal_.Section("Plan").emplace_back("updates of a row", text);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TrainedRun> TrainRun(const Dataset& dataset,
                                    const std::vector<HeldOutPair>& held_out,
                                    TimeBudget& budget, Engine& engine,
                                    RunOptions& options, RunJournal& journal,
                                    MeasuredPlan& planned) {
  return RunTraining(dataset, held_out, budget, engine, options, journal,
                     planned)
      .Run();
}

}  // namespace arctrm
