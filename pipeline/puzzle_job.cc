// SPDX-License-Identifier: MIT
#include "pipeline/puzzle_job.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/status.h"
#include "base/stop.h"
#include "pipeline/answer_puzzles.h"
#include "pipeline/end_run.h"
#include "pipeline/memory_check.h"
#include "pipeline/resume_check.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_identity.h"
#include "pipeline/run_report.h"
#include "pipeline/train_recorded.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

// Of the time limit, answering the test puzzles takes at most this share.
constexpr double kMostTestShare = 0.3;
// Measuring a training step takes at most this share.
constexpr double kMostMeasuringShare = 0.15;
// Rows at once: batches that are short beside the time kept for them.
constexpr int kTestBatch = 128;
// A test that is expected to take less, or has fewer batches, isn't measured:
// that costs one batch, and taking the training up again.
constexpr double kWorthMeasuringS = 3;
constexpr size_t kLeastTestBatches = 4;
// Of the training, so much is over when the test is measured: from then on the
// weights halt about as they will in the end.
constexpr double kMeasureAfter = 0.75;
// Loading the model again and writing results.
constexpr double kReserveS = 3;
// Of that, writing results.
constexpr double kWriteS = 0.4;
// A training step that is late may take all but this share of it.
constexpr double kAbortShare = 0.6;

absl::StatusOr<PuzzleFile> ReadOfKind(const std::string& path,
                                      PuzzleKind kind) {
  ARCTRM_ASSIGN_OR_RETURN(PuzzleFile file, ReadPuzzleCsv(path));
  if (file.kind == kind) return file;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": holds ", PuzzleKindName(file.kind),
                   " puzzles, expected ", PuzzleKindName(kind)));
}

// The same, and every puzzle has the one answer that stands beside it.
absl::StatusOr<PuzzleFile> ReadChecked(const std::string& path,
                                       const PuzzleTrainOptions& options,
                                       Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(PuzzleFile file, ReadOfKind(path, options.kind));
  const int threads =
      options.device.threads > 0
          ? options.device.threads
          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const auto faults =
      FindFaults(file.kind, file.puzzles, threads, [&](size_t done) {
        if (done == 0) return;
        log.Progress(absl::StrCat("check  ", done, "/", file.puzzles.size()));
      });
  log.EndProgress();
  if (!faults.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": puzzle ", faults[0].first + 1, ": ",
                     faults[0].second.message(), "; ", faults.size(),
                     " in all have a fault, `arctrm puzzle check` lists them"));
  }
  for (size_t i = 0; i < file.puzzles.size(); ++i) {
    if (!file.puzzles[i].answer.empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": puzzle ", i + 1,
                     " has no answer, so it can't be learned or scored"));
  }
  return file;
}

// Takes options.held_out puzzles out of `train`.
absl::StatusOr<PuzzleFile> HoldOut(const PuzzleTrainOptions& options,
                                   PuzzleFile& train) {
  PuzzleFile held_out;
  held_out.kind = train.kind;
  const size_t wanted = static_cast<size_t>(options.held_out);
  if (wanted == 0) return held_out;
  if (wanted >= train.puzzles.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.train, ": holds ", train.puzzles.size(),
                     " puzzles, so ", wanted, " can't be held out"));
  }
  Random random(options.seed, "held out");
  random.Shuffle(train.puzzles);
  const auto first = train.puzzles.end() - static_cast<std::ptrdiff_t>(wanted);
  held_out.puzzles.assign(std::make_move_iterator(first),
                          std::make_move_iterator(train.puzzles.end()));
  train.puzzles.erase(first, train.puzzles.end());
  return held_out;
}

// Of the puzzles at the front that were answered.
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

// What the report shows of the settings.
Facts FactsOf(const PuzzleTrainOptions& options, ModelOptions model,
              const Dataset& dataset, const std::string& device) {
  TrainOptions training = options.training;
  OptionSet set;
  AddOptions(model, set);
  AddOptions(training, set);
  Facts facts = {{"Input",
                  {{"train", options.train},
                   {"test", options.test},
                   {"start from", options.checkpoint},
                   {"puzzles", absl::StrCat(dataset.tasks.size())},
                   {"examples", absl::StrCat(dataset.num_examples())},
                   {"held out", absl::StrCat(options.held_out)}}},
                 {"Machine", {{"device", device}}},
                 {"Settings", {{"seed", absl::StrCat(options.seed)}}}};
  for (const OptionSet::Item& item : set.Items()) {
    facts.back().second.emplace_back(item.key, item.value);
  }
  return facts;
}

// "" for no puzzles. Of large files only a part is held twice.
std::string FingerprintOf(const PuzzleFile& file) {
  constexpr size_t kPart = 4096;
  std::string parts;
  for (size_t begin = 0; begin < file.puzzles.size(); begin += kPart) {
    PuzzleFile part;
    part.kind = file.kind;
    const auto from = file.puzzles.begin() + static_cast<std::ptrdiff_t>(begin);
    const size_t size = std::min(kPart, file.puzzles.size() - begin);
    part.puzzles.assign(from, from + static_cast<std::ptrdiff_t>(size));
    parts += Sha256Hex(PuzzleCsv(part));
  }
  return parts.empty() ? "" : Sha256Hex(parts);
}

// "" for none.
std::string RatingText(std::optional<int> rating) {
  return rating.has_value() ? absl::StrCat(*rating) : std::string();
}

// What a resumed training must have in common with the one it goes on with.
absl::StatusOr<RunRecord> Identify(const PuzzleTrainOptions& options,
                                   ModelOptions model,
                                   std::map<std::string, std::string> prints) {
  RunRecord record;
  record.fingerprints = std::move(prints);
  ARCTRM_ASSIGN_OR_RETURN(record.fingerprints["--checkpoint"],
                          FingerprintOfWeights(options.checkpoint));
  const PuzzleDatasetOptions& data = options.data;
  record.settings = {{"kind", PuzzleKindName(options.kind)},
                     {"--seed", absl::StrCat(options.seed)},
                     {"--augmentations", absl::StrCat(data.augmentations)},
                     {"--min-rating", RatingText(data.min_rating)},
                     {"--max-rating", RatingText(data.max_rating)},
                     {"--sample", absl::StrCat(data.sample)},
                     {"--held-out", absl::StrCat(options.held_out)}};
  TrainOptions training = options.training;
  OptionSet set;
  AddOptions(model, set);
  AddOptions(training, set);
  for (const OptionSet::Item& item : set.Items()) {
    record.settings[item.key] = item.value;
  }
  return record;
}

void WarnOfLeaks(const PuzzleFile& train, const PuzzleFile& test, Log& log) {
  std::set<Grid> seen;
  for (const Puzzle& puzzle : train.puzzles) seen.insert(puzzle.question);
  const auto leaked = std::count_if(
      test.puzzles.begin(), test.puzzles.end(),
      [&](const Puzzle& p) { return seen.count(p.question) > 0; });
  if (leaked == 0) return;
  log.Warning(absl::StrCat(leaked, " of ", test.puzzles.size(),
                           " test puzzles stand in the training file too: the "
                           "score will say less than it seems to"));
}

// Train(request) until most of its time is over, then until `again`.
absl::StatusOr<TrainResult> TrainInTwoParts(
    const TrainRequest& request, const std::function<Deadline()>& again) {
  const Deadline turn = request.deadline.EarlierBy(
      (1 - kMeasureAfter) * request.deadline.Remaining());
  TrainRequest part = request;
  bool turned = false;
  part.on_step = [&](const TrainStats& stats) {
    turned = turn.Passed();
    return request.on_step(stats) && !turned;
  };
  ARCTRM_ASSIGN_OR_RETURN(TrainResult first, Train(part));
  if (!turned || first.stop != TrainStop::kCallback) return first;
  if (StopSignal() != 0) {
    first.stop = TrainStop::kSignal;
    return first;
  }
  part = request;
  part.resume = true;
  part.deadline = again();
  ARCTRM_ASSIGN_OR_RETURN(TrainResult result, Train(part));
  result.steps += first.steps;
  result.time_s += first.time_s;
  result.steps_per_s =
      static_cast<double>(result.steps) / std::max(result.time_s, 1e-9);
  return result;
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
  ARCTRM_ASSIGN_OR_RETURN(PuzzleFile train,
                          ReadChecked(options.train, options, log));
  std::map<std::string, std::string> prints;
  prints["--train"] = FingerprintOf(train);
  ARCTRM_ASSIGN_OR_RETURN(const PuzzleFile held_out, HoldOut(options, train));
  PuzzleFile test;
  if (!options.test.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(test, ReadChecked(options.test, options, log));
    const int side = train.puzzles[0].question.rows();
    const int test_side = test.puzzles[0].question.rows();
    if (side != test_side) {
      return absl::InvalidArgumentError(absl::StrCat(
          options.test, ": puzzles of ", test_side, "x", test_side,
          ", expected ", side, "x", side, " as in ", options.train));
    }
    WarnOfLeaks(train, test, log);
  }
  prints["--test"] = FingerprintOf(test);
  absl::StatusOr<Dataset> built = BuildPuzzleDataset(train, options.data);
  ARCTRM_RETURN_IF_ERROR(Annotate(built.status(), options.train));
  const std::string unrated = UnratedRemark(train, options.data);
  if (!unrated.empty()) {
    log.Warning(absl::StrCat(options.train, ": ", unrated));
  }
  const Dataset& dataset = *built;
  ModelOptions model = options.model;
  if (!options.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                            ReadCheckpointInfo(options.checkpoint));
    model = options.training.Tuned(info.model);
  } else {
    model.puzzle = PuzzleKindName(options.kind);
    model.vocabulary = Vocabulary(options.kind);
    model.canvas_side = dataset.canvas.side;
    model.position_side = dataset.canvas.side;
  }

  TrainRequest request;
  request.dataset = &dataset;
  request.model = model;
  request.train = options.training;
  request.device = options.device;
  request.seed = options.seed;
  request.checkpoint = options.checkpoint;
  request.out = options.out;
  request.resume = options.resume;
  request.max_steps = options.steps;
  request.log = &log;
  request.deadline = deadline;
  if (!held_out.puzzles.empty()) {
    request.best_out = BesidePath(options.out, ".best");
  }
  const RunFolder folder(options.work.empty() ? BesidePath(options.out, ".run")
                                              : options.work);
  ARCTRM_ASSIGN_OR_RETURN(RunRecord fresh, Identify(options, model, prints));
  fresh.run = NameRun(fresh, options.steps > 0 && deadline.IsInfinite());
  ARCTRM_RETURN_IF_ERROR(FindRecord(folder, request, fresh, log).status());
  ARCTRM_RETURN_IF_ERROR(CheckTraining(request));
  ARCTRM_ASSIGN_OR_RETURN(const std::string device,
                          DescribeDevice(options.device, options.training));
  if (absl::StartsWith(device, "CPU")) {
    ARCTRM_RETURN_IF_ERROR(
        CheckMemory(dataset, model, options.training, options.device.threads));
  }
  log.Info(
      absl::StrFormat("%d puzzles, %d examples; network of %d parameters; %s",
                      dataset.tasks.size(), dataset.num_examples(),
                      model.num_parameters(), device));
  PredictorOptions predicting = options.predicting;
  if (predicting.batch == 0) predicting.batch = kTestBatch;
  const double left_s = absl::ToDoubleSeconds(deadline.Remaining());
  const double most_test_s = kMostTestShare * left_s;
  // Leaves the training the time that a test of `test_s` does not need.
  const auto keep = [&](double test_s) {
    request.deadline = deadline.EarlierBy(absl::Seconds(
        std::min(test_s, most_test_s) + std::min(kReserveS, 0.2 * left_s)));
  };
  bool measure = false;
  if (!deadline.IsInfinite()) {
    double test_s = 0;
    if (!test.puzzles.empty()) {
      ARCTRM_ASSIGN_OR_RETURN(
          const StepTime step,
          MeasureStep(dataset, model, options.training, options.device,
                      {.repeat_s = std::min(10.0, 0.05 * left_s),
                       .give_up_s = kMostMeasuringShare * left_s}));
      request.expected_step_s = step.seconds;
      test_s =
          EstimateAnswerSeconds(step.seconds, model, options.training.batch,
                                predicting, test.puzzles.size());
      measure = std::min(test_s, most_test_s) >= kWorthMeasuringS &&
                test.puzzles.size() >=
                    kLeastTestBatches * static_cast<size_t>(predicting.batch);
    }
    keep(test_s);
    // A step that is late takes time of the test, not of the reserve.
    request.abort = deadline.EarlierBy(
        absl::Seconds(kAbortShare * std::min(kReserveS, 0.2 * left_s)));
  }
  const auto measure_test = [&]() -> Deadline {
    const Deadline before = request.deadline;
    const absl::StatusOr<double> test_s =
        MeasureAnswerSeconds(options.out, predicting, test);
    if (!test_s.ok()) {
      log.Warning(absl::StrCat("measuring how long the test takes: ",
                               test_s.status().message()));
      return before;
    }
    keep(*test_s);
    const absl::Duration more =
        request.deadline.Remaining() - before.Remaining();
    log.Info(absl::StrCat(
        "the test takes about ", DurationText(absl::Seconds(*test_s)),
        ": training goes on ", DurationText(absl::AbsDuration(more)),
        more > absl::ZeroDuration() ? " longer" : " less", " than planned"));
    return request.deadline;
  };
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock,
                          LockTraining(folder));
  if (options.may_write) ARCTRM_RETURN_IF_ERROR(options.may_write());
  const absl::Time start = RealClock().Now();
  fresh.title = absl::StrCat("arctrm puzzle train, ", Basename(options.out));
  fresh.facts = FactsOf(options, model, dataset, device);
  ARCTRM_ASSIGN_OR_RETURN(RunRecord record,
                          OpenRecord(folder, request, fresh, log));
  request.run = record.run;
  // The checkpoint is what counts.
  const auto tell_failure = [&](const absl::Status& status) {
    if (status.ok()) return;
    log.Warning(status.message());
    record.warnings.emplace_back(status.message());
  };
  const auto note = [&](absl::string_view status) {
    record.status = std::string(status);
    tell_failure(folder.WriteRecord(record));
    if (!options.report.empty()) {
      tell_failure(WriteRunReport(folder.dir(), options.report));
    }
  };
  note("training");
  log.Begin();
  const std::unique_ptr<Watchdog> watchdog =
      WatchRun({folder.dir(), options.report, "what was saved before stands"},
               deadline, log);
  PuzzleTrainOutcome outcome;
  outcome.checkpoint = options.out;
  if (!held_out.puzzles.empty()) {
    request.evaluate =
        [&](Predictor& predictor) -> absl::StatusOr<HeldOutScore> {
      ARCTRM_ASSIGN_OR_RETURN(
          const std::vector<PuzzleAnswer> answers,
          AnswerPuzzles(predictor, held_out, request.deadline, log));
      const PuzzleScore score = ScoreAnswers(held_out, answers);
      return HeldOutScore{static_cast<double>(score.exact) /
                              static_cast<double>(held_out.puzzles.size()),
                          score.token_accuracy};
    };
  }
  const auto train_all = [&](const TrainRequest& r) {
    return measure ? TrainInTwoParts(r, measure_test) : Train(r);
  };
  ARCTRM_ASSIGN_OR_RETURN(
      outcome.training, TrainRecorded(train_all, request, folder, options.steps,
                                      request.deadline, log));
  // A signal may come before the first evaluation.
  if (outcome.training.best_step > 0) outcome.checkpoint = request.best_out;
  record.training_done = outcome.training.stop != TrainStop::kSignal;
  // The watchdog ends the process a moment before the deadline.
  const Deadline answers_by = deadline.EarlierBy(absl::Seconds(
      deadline.IsInfinite() ? 0 : kWriteS + std::min(1.0, 0.05 * left_s)));
  const bool test_now = !test.puzzles.empty() && StopSignal() == 0;
  if (test_now) {
    ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<Predictor> predictor,
                            LoadPredictor(outcome.checkpoint, predicting));
    ARCTRM_ASSIGN_OR_RETURN(const std::vector<PuzzleAnswer> answers,
                            AnswerPuzzles(*predictor, test, answers_by, log));
    outcome.score = ScoreAnswers(test, answers);
    tell_failure(WriteFileAtomically(folder.puzzles_path(), PuzzleCsv(test)));
    tell_failure(WriteFileAtomically(folder.answers_path(),
                                     PuzzleCsv(WithAnswers(test, answers))));
    record.voting_done = answers.size() == test.puzzles.size();
  }
  const double took_s = absl::ToDoubleSeconds(RealClock().Now() - start);
  record.elapsed_s += took_s;
  record.facts.push_back(
      {"Training",
       {{"steps", absl::StrCat(outcome.training.steps)},
        {"steps per second",
         absl::StrFormat("%.2f", outcome.training.steps_per_s)},
        {"ended by", TrainStopName(outcome.training.stop)},
        {"weights", outcome.checkpoint},
        {"training and test", DurationText(absl::Seconds(took_s))}}});
  note(StopSignal() != 0
           ? absl::StrCat("stopped by ", SignalName(StopSignal()))
           : (outcome.training.stop == TrainStop::kDiverged ? "diverged"
                                                            : "done"));
  return outcome;
}

}  // namespace arctrm
