// SPDX-License-Identifier: MIT
#include "pipeline/puzzle_training.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/time_budget.h"
#include "pipeline/answer_puzzles.h"
#include "pipeline/end_run.h"
#include "pipeline/group_training.h"
#include "pipeline/memory_check.h"
#include "pipeline/puzzle_inputs.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_identity.h"
#include "pipeline/run_report.h"
#include "pipeline/train_recorded.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

// Batch rows. A batch takes little of the time that is kept for the test.
constexpr int kTestBatch = 128;
// A test of fewer batches is only estimated: measuring costs a batch.
constexpr size_t kMinTestBatches = 4;

// Scores the answered puzzles, the first ones of the file.
PuzzleScore ScoreAnswers(const PuzzleFile& file,
                         const std::vector<PuzzleAnswer>& answers) {
  std::vector<Grid> grids;
  grids.reserve(answers.size());
  for (const PuzzleAnswer& answer : answers) grids.push_back(answer.grid);
  const std::vector<Puzzle> answered(
      file.puzzles.begin(),
      file.puzzles.begin() + static_cast<std::ptrdiff_t>(grids.size()));
  return ScorePuzzles(file.kind, answered, grids);
}

// Input, machine and settings for the report.
Facts FactsOf(const PuzzleTrainOptions& options, ModelOptions model,
              const Dataset& dataset, const std::string& device) {
  TrainOptions training = options.spec.train;
  OptionSet set;
  AddOptions(model, set);
  AddOptions(training, set);
  Facts facts = {{"Input",
                  {{"train", options.train},
                   {"test", options.test},
                   {"start from", options.spec.checkpoint},
                   {"puzzles", absl::StrCat(dataset.tasks.size())},
                   {"examples", absl::StrCat(dataset.num_examples())},
                   {"held out", absl::StrCat(options.held_out)}}},
                 {"Machine", {{"device", device}}},
                 {"Settings", {{"seed", absl::StrCat(options.spec.seed)}}}};
  for (const OptionSet::Item& item : set.Items()) {
    facts.back().second.emplace_back(item.key, item.value);
  }
  return facts;
}

// Calls Train(request) until TestMeasuringTime(), and then until the
// limits that `again` returns.
absl::StatusOr<TrainResult> TrainInTwoParts(
    const TrainRequest& request, const std::function<StageLimits()>& again) {
  const Deadline turn = TestMeasuringTime(request.spec.limits.end);
  TrainRequest part = request;
  bool turned = false;
  part.hooks.on_step = [&](const TrainStats& stats) {
    turned = turn.Passed();
    return request.hooks.on_step(stats) && !turned;
  };
  ARCTRM_ASSIGN_OR_RETURN(TrainResult first, Train(part));
  if (!turned || first.stop != TrainStop::kCallback) return first;
  if (StopSignal() != 0) {
    first.stop = TrainStop::kSignal;
    return first;
  }
  part = request;
  part.spec.resume = true;
  part.spec.limits = again();
  ARCTRM_ASSIGN_OR_RETURN(TrainResult result, Train(part));
  result.steps += first.steps;
  result.time_s += first.time_s;
  result.steps_per_s =
      static_cast<double>(result.steps) / std::max(result.time_s, 1e-9);
  return result;
}

// A training on puzzles and its test. Their stages are functions, in the order
// in which Run() calls them.
class PuzzleTraining {
 public:
  PuzzleTraining(const PuzzleTrainOptions& options, const Deadline& deadline,
                 Log& log)
      : options_(options),
        budget_(deadline),
        log_(log),
        folder_(options.work.empty() ? BesidePath(options.spec.out, ".run")
                                     : options.work),
        predicting_(options.predicting) {
    if (predicting_.batch == 0) predicting_.batch = kTestBatch;
  }

  absl::StatusOr<PuzzleTrainOutcome> Run();

 private:
  TrainRequest MakeRequest();
  // Checks everything that may prevent the training. Writes nothing.
  absl::Status Check();
  // Estimates the time of the test and reserves it.
  absl::Status PlanTime();
  void ReserveForTest(double test_s);
  // Measures the test and returns the new limits of the training.
  StageLimits MeasureTest();
  absl::StatusOr<HeldOutScore> ScoreHeldOut(Predictor& predictor) const;
  absl::Status Open();
  absl::Status Train();
  absl::Status Test();
  void Finish(absl::Time start);
  void WriteResults(absl::string_view status);
  // Failures become warnings: only the checkpoint matters.
  void WarnOfFailure(const absl::Status& status);

  const PuzzleTrainOptions& options_;
  TimeBudget budget_;
  Log& log_;
  const RunFolder folder_;
  PredictorOptions predicting_;
  PuzzleInputs inputs_;
  TrainRequest request_;
  std::string device_;  // in words
  bool measures_test_ = false;
  std::unique_ptr<FileLock> lock_;
  RunRecord record_;
  PuzzleTrainOutcome outcome_;
};

TrainRequest PuzzleTraining::MakeRequest() {
  TrainRequest request;
  request.dataset = &inputs_.dataset;
  request.group = options_.group;
  request.spec = options_.spec;
  request.spec.model = inputs_.model;
  request.hooks.log = &log_;
  request.spec.limits.end = budget_.end();
  if (!inputs_.held_out.puzzles.empty()) {
    request.spec.best_out = BesidePath(options_.spec.out, ".best");
    request.hooks.evaluate = [this](Predictor& predictor) {
      return ScoreHeldOut(predictor);
    };
  }
  return request;
}

absl::StatusOr<HeldOutScore> PuzzleTraining::ScoreHeldOut(
    Predictor& predictor) const {
  const PuzzleFile& held_out = inputs_.held_out;
  ARCTRM_ASSIGN_OR_RETURN(
      const std::vector<PuzzleAnswer> answers,
      AnswerPuzzles(predictor, held_out, request_.spec.limits.end, log_));
  const PuzzleScore score = ScoreAnswers(held_out, answers);
  return HeldOutScore{static_cast<double>(score.exact) /
                          static_cast<double>(held_out.puzzles.size()),
                      score.token_accuracy};
}

absl::Status PuzzleTraining::Check() {
  inputs_.identity.run = NameRun(
      inputs_.identity, options_.spec.max_steps > 0 && !budget_.limited());
  ARCTRM_RETURN_IF_ERROR(
      FindRecord(folder_, request_, inputs_.identity, log_).status());
  ARCTRM_RETURN_IF_ERROR(CheckTraining(request_));
  ARCTRM_ASSIGN_OR_RETURN(
      const DeviceInfo device,
      DescribeDevice(options_.spec.device, options_.spec.train));
  device_ = device.Text();
  if (device.is_cpu()) {
    ARCTRM_RETURN_IF_ERROR(CheckMemory(inputs_.dataset, inputs_.model,
                                       options_.spec.train,
                                       options_.spec.device.threads));
  }
  log_.Info(absl::StrFormat(
      "%d puzzles, %d examples; network of %d parameters; %s",
      inputs_.dataset.tasks.size(), inputs_.dataset.num_examples(),
      inputs_.model.num_parameters(), device_));
  return absl::OkStatus();
}

void PuzzleTraining::ReserveForTest(double test_s) {
  budget_.Divide(std::min(test_s, budget_.MaxTestS()), budget_.TestReserveS());
  // A late step takes time from the test, not from the reserve.
  request_.spec.limits = {budget_.Training().end, budget_.Voting().abort};
}

absl::Status PuzzleTraining::PlanTime() {
  if (!budget_.limited()) return absl::OkStatus();
  const std::vector<Puzzle>& puzzles = inputs_.test.puzzles;
  double test_s = 0;
  if (!puzzles.empty()) {
    // A process computes its part of the batch.
    const int size = options_.group.size;
    TrainOptions train = options_.spec.train;
    train.batch = (train.batch + size - 1) / size;
    ARCTRM_ASSIGN_OR_RETURN(
        const StepTime step,
        MeasureStep(inputs_.dataset, inputs_.model, train, options_.spec.device,
                    budget_.Measuring()));
    request_.spec.expected_step_s = step.seconds;
    test_s = EstimateAnswerSeconds(step.seconds, inputs_.model, train.batch,
                                   predicting_, puzzles.size());
    measures_test_ =
        size == 1 && WorthMeasuringTest(std::min(test_s, budget_.MaxTestS())) &&
        puzzles.size() >=
            kMinTestBatches * static_cast<size_t>(predicting_.batch);
  }
  ReserveForTest(test_s);
  return absl::OkStatus();
}

StageLimits PuzzleTraining::MeasureTest() {
  const StageLimits before = request_.spec.limits;
  const absl::StatusOr<double> test_s =
      MeasureAnswerSeconds(options_.spec.out, predicting_, inputs_.test);
  if (!test_s.ok()) {
    log_.Warning(absl::StrCat("measuring how long the test takes: ",
                              test_s.status().message()));
    return before;
  }
  ReserveForTest(*test_s);
  const absl::Duration more =
      request_.spec.limits.end.Remaining() - before.end.Remaining();
  log_.Info(absl::StrCat(
      "the test takes about ", DurationText(absl::Seconds(*test_s)),
      ": training continues ", DurationText(absl::AbsDuration(more)),
      more > absl::ZeroDuration() ? " longer" : " less", " than planned"));
  return request_.spec.limits;
}

absl::Status PuzzleTraining::Open() {
  ARCTRM_ASSIGN_OR_RETURN(lock_, LockTraining(folder_));
  if (options_.may_write) ARCTRM_RETURN_IF_ERROR(options_.may_write());
  RunRecord& fresh = inputs_.identity;
  fresh.title =
      absl::StrCat("arctrm puzzle train, ", Basename(options_.spec.out));
  fresh.facts = FactsOf(options_, inputs_.model, inputs_.dataset, device_);
  ARCTRM_ASSIGN_OR_RETURN(record_, OpenRecord(folder_, request_, fresh, log_));
  request_.spec.run = record_.run;
  WriteResults("training");
  log_.Begin();
  return absl::OkStatus();
}

absl::Status PuzzleTraining::Train() {
  const auto train = [this](const TrainRequest& request) {
    if (!measures_test_) return TrainInGroup(request);
    return TrainInTwoParts(request, [this] { return MeasureTest(); });
  };
  absl::StatusOr<TrainResult> result =
      TrainRecorded(train, request_, folder_, options_.spec.max_steps,
                    request_.spec.limits.end, log_);
  if (absl::IsCancelled(result.status())) WriteResults(EndedGroupStatus());
  ARCTRM_ASSIGN_OR_RETURN(outcome_.training, std::move(result));
  // Without an evaluation there are no best weights.
  outcome_.checkpoint = outcome_.training.best_step > 0 ? request_.spec.best_out
                                                        : options_.spec.out;
  record_.training_done = outcome_.training.stop != TrainStop::kSignal;
  return absl::OkStatus();
}

absl::Status PuzzleTraining::Test() {
  if (inputs_.test.puzzles.empty() || StopSignal() != 0) {
    return absl::OkStatus();
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<Predictor> predictor,
                          LoadPredictor(outcome_.checkpoint, predicting_));
  ARCTRM_ASSIGN_OR_RETURN(
      const std::vector<PuzzleAnswer> answers,
      AnswerPuzzles(*predictor, inputs_.test, budget_.TestEnd(), log_));
  outcome_.score = ScoreAnswers(inputs_.test, answers);
  WarnOfFailure(
      WriteFileAtomically(folder_.puzzles_path(), PuzzleCsv(inputs_.test)));
  WarnOfFailure(WriteFileAtomically(
      folder_.answers_path(), PuzzleCsv(WithAnswers(inputs_.test, answers))));
  record_.voting_done = answers.size() == inputs_.test.puzzles.size();
  return absl::OkStatus();
}

void PuzzleTraining::Finish(absl::Time start) {
  const TrainResult& training = outcome_.training;
  const absl::Duration took = RealClock().Now() - start;
  record_.elapsed_s += absl::ToDoubleSeconds(took);
  record_.facts.push_back(
      {"Training",
       {{"steps", absl::StrCat(training.steps)},
        {"steps per second", absl::StrFormat("%.2f", training.steps_per_s)},
        {"ended by", TrainStopName(training.stop)},
        {"weights", outcome_.checkpoint},
        {"training and test", DurationText(took)}}});
  if (StopSignal() != 0) return WriteResults(StoppedBySignal());
  WriteResults(training.stop == TrainStop::kDiverged ? "diverged" : "done");
}

void PuzzleTraining::WriteResults(absl::string_view status) {
  record_.status = std::string(status);
  WarnOfFailure(folder_.WriteRecord(record_));
  if (!options_.report.empty()) {
    WarnOfFailure(WriteRunReport(folder_.dir(), options_.report));
  }
}

void PuzzleTraining::WarnOfFailure(const absl::Status& status) {
  if (status.ok()) return;
  log_.Warning(status.message());
  record_.warnings.emplace_back(status.message());
}

absl::StatusOr<PuzzleTrainOutcome> PuzzleTraining::Run() {
  ARCTRM_ASSIGN_OR_RETURN(inputs_, ReadPuzzleInputs(options_, log_));
  request_ = MakeRequest();
  if (options_.group.rank > 0) {
    const std::unique_ptr<Watchdog> watchdog =
        WatchFollower(budget_.end(), log_);
    ARCTRM_ASSIGN_OR_RETURN(outcome_.training, TrainInGroup(request_));
    return outcome_;
  }
  ARCTRM_RETURN_IF_ERROR(Check());
  ARCTRM_RETURN_IF_ERROR(PlanTime());
  const absl::Time start = RealClock().Now();
  ARCTRM_RETURN_IF_ERROR(Open());
  const std::unique_ptr<Watchdog> watchdog = WatchRun(
      {folder_.dir(), options_.report, "the files saved so far are valid"},
      budget_.end(), log_);
  ARCTRM_RETURN_IF_ERROR(Train());
  ARCTRM_RETURN_IF_ERROR(Test());
  Finish(start);
  return outcome_;
}

}  // namespace

std::string PuzzleScoreLine(const PuzzleScore& s) {
  const double all = static_cast<double>(std::max<int64_t>(s.puzzles, 1));
  return absl::StrFormat(
      "exact %.1f %% (%d of %d)  valid %.1f %%  cells %.2f %%",
      100.0 * static_cast<double>(s.exact) / all, s.exact, s.puzzles,
      100.0 * static_cast<double>(s.valid) / all, 100 * s.token_accuracy);
}

absl::StatusOr<PuzzleTrainOutcome> TrainPuzzles(
    const PuzzleTrainOptions& options, Deadline deadline, Log& log) {
  return PuzzleTraining(options, deadline, log).Run();
}

}  // namespace arctrm
