// SPDX-License-Identifier: MIT
// RunModelCommand of arctrm-solver: carries out the commands that need a model.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "arc/read.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/time_budget.h"
#include "cli/command_files.h"
#include "cli/doctor.h"
#include "cli/execute_run.h"
#include "cli/import_settings.h"
#include "cli/inputs.h"
#include "cli/model_command.h"
#include "cli/program.h"
#include "cli/settings.h"
#include "pipeline/answer_puzzles.h"
#include "pipeline/dataset_training.h"
#include "pipeline/demo.h"
#include "pipeline/end_run.h"
#include "pipeline/kept_runs.h"
#include "pipeline/local_engine.h"
#include "pipeline/puzzle_training.h"
#include "pipeline/run.h"
#include "pipeline/run_folder.h"
#include "solver/checkpoint_import.h"
#include "solver/checkpoint_info.h"
#include "solver/device_list.h"
#include "solver/machine.h"
#include "solver/process_group.h"
#include "solver/train.h"
#include "submission/write.h"
#include "tta/ballots.h"
#include "tta/predict.h"

namespace arctrm {
namespace {

absl::StatusOr<int> Run(const RunFlags& flags, Log& log) {
  const std::unique_ptr<Engine> engine = MakeLocalEngine();
  return ExecuteRunCommand(flags, *engine, log);
}

// ResolveSettings for a model in this process.
absl::Status Resolve(const CommonFlags& common, bool from_checkpoint,
                     const std::string& default_recipe, RunOptions& run) {
  const std::unique_ptr<Engine> engine = MakeLocalEngine();
  return ResolveSettings(common, from_checkpoint, default_recipe, *engine, run);
}

absl::StatusOr<int> Run(const DemoFlags& flags, Log& log) {
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  DemoOptions demo;
  demo.out = flags.out;
  demo.seed = flags.common.seed;
  demo.from_scratch = flags.from_scratch;
  demo.overwrite = flags.common.overwrite;
  ARCTRM_RETURN_IF_ERROR(
      Resolve(flags.common, !flags.from_scratch,
              flags.from_scratch ? "demo-from-scratch" : "demo", demo.run));
  absl::Duration limit = flags.time_limit;
  if (limit == absl::InfiniteDuration()) limit = absl::Minutes(5);
  ARCTRM_ASSIGN_OR_RETURN(const DemoOutcome outcome,
                          RunDemo(demo, DeadlineOf(limit), log));
  ARCTRM_RETURN_IF_ERROR(PrintOutcome(outcome.run, outcome.submission));
  ARCTRM_RETURN_IF_ERROR(PrintResult(absl::StrFormat(
      "report: %s\nto solve your own file: %s run --challenges FILE "
      "--time-limit 20m "
      "--out submission.json --report report.html\n",
      Printable(outcome.report), Printable(CommandName()))));
  return outcome.run.complete ? kExitDone : kExitStopped;
}

// Checks that a training may write the checkpoint `out`. Another training there
// is replaced only with --overwrite.
absl::Status CheckTrainingOut(const std::string& out, bool resume,
                              const CommonFlags& common) {
  ARCTRM_RETURN_IF_ERROR(NotBoth(resume, common));
  ARCTRM_RETURN_IF_ERROR(CheckNameLength(out));
  ARCTRM_RETURN_IF_ERROR(CheckWritable(BesidePath(out, ".probe")));
  if (resume || common.overwrite) return absl::OkStatus();
  return CheckNoCheckpoint(out, /*resumable=*/true);
}

// Checks that a training may write its best weights to `best`. A resumed
// training may replace its earlier best weights, but not another training.
absl::Status CheckBestOut(const std::string& best, bool resume,
                          const CommonFlags& common) {
  if (common.overwrite) return absl::OkStatus();
  if (!resume) return CheckNoCheckpoint(best, /*resumable=*/false);
  const absl::StatusOr<CheckpointInfo> info = ReadCheckpointInfo(best);
  if (!info.ok() || !info->has_resume_state) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      best,
      ": holds another training, which the best weights of this one would "
      "replace; move it to another name"));
}

// A training that diverged ends with the weights of an earlier step, so it
// counts as stopped early.
int ExitOf(TrainStop stop) {
  return stop == TrainStop::kSignal || stop == TrainStop::kDiverged
             ? kExitStopped
             : kExitDone;
}

absl::Status PrintTrained(const TrainResult& result, const std::string& out) {
  return PrintResult(
      absl::StrFormat("%s: %d steps in %s (%.2f steps/s), checkpoint %s\n",
                      TrainStopName(result.stop), result.steps,
                      DurationText(absl::Seconds(result.time_s)),
                      result.steps_per_s, Printable(out)));
}

// Checks that the training may write its outputs. If it writes best weights and
// `best_lock` is empty, locks their folder with it.
absl::Status CheckTrainOutputs(
    const TrainFlags& flags, const std::string& best_out,
    std::vector<std::unique_ptr<FileLock>>& best_lock) {
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  ARCTRM_RETURN_IF_ERROR(
      CheckTrainingOut(flags.out, flags.resume, flags.common));
  if (best_out.empty()) return absl::OkStatus();
  OutputGuard all = FilesOf(flags);
  OutputGuard best;
  for (OutputGuard* guard : {&all, &best}) {
    guard->Replaces("run.held_out", best_out, IsCheckpointName,
                    kCheckpointMark);
  }
  ARCTRM_RETURN_IF_ERROR(all.CheckApart());
  ARCTRM_RETURN_IF_ERROR(CheckStanding(all, flags.common.overwrite));
  ARCTRM_RETURN_IF_ERROR(CheckBestOut(best_out, flags.resume, flags.common));
  if (!best_lock.empty()) return absl::OkStatus();
  ARCTRM_ASSIGN_OR_RETURN(best_lock, best.Lock());
  return absl::OkStatus();
}

absl::StatusOr<int> Run(const TrainFlags& flags, Log& log) {
  ARCTRM_RETURN_IF_ERROR(NeedLimit(flags.time_limit, flags.steps));
  const Deadline limit = DeadlineOf(flags.time_limit);
  DatasetTrainOptions options;
  ARCTRM_ASSIGN_OR_RETURN(options.group, ProcessGroupFromEnvironment());
  options.datasets = flags.dataset;
  ARCTRM_RETURN_IF_ERROR(
      Resolve(flags.common, !flags.checkpoint.empty(), "", options.run));
  options.run.out = flags.out;
  options.run.checkpoint = flags.checkpoint;
  options.run.steps = flags.steps;
  options.run.resume = flags.resume;
  options.run.overwrite = flags.common.overwrite;
  std::vector<std::unique_ptr<FileLock>> best_lock;
  options.may_write = [&](const std::string& best_out) {
    return CheckTrainOutputs(flags, best_out, best_lock);
  };
  ARCTRM_ASSIGN_OR_RETURN(const DatasetTrainOutcome outcome,
                          TrainOnDatasets(options, limit, log));
  const TrainResult& result = outcome.training;
  if (options.group.rank > 0) return ExitOf(result.stop);
  if (result.best_step > 0) {
    ARCTRM_RETURN_IF_ERROR(PrintResult(
        absl::StrFormat("held-out pairs: %.1f %% exact at step %d, checkpoint "
                        "%s\n",
                        100 * result.best.exact, result.best_step,
                        Printable(outcome.best_out))));
  }
  ARCTRM_RETURN_IF_ERROR(PrintTrained(result, flags.out));
  return ExitOf(result.stop);
}

absl::StatusOr<int> Run(const PredictFlags& flags, Log& log) {
  const Deadline limit = DeadlineOf(flags.time_limit);
  const std::unique_ptr<Watchdog> watchdog =
      WatchRun({"", "", "nothing was written"}, limit, log);
  RunOptions options;
  ARCTRM_RETURN_IF_ERROR(Resolve(flags.common, true, "", options));
  ARCTRM_ASSIGN_OR_RETURN(const TaskFiles files,
                          LoadChallenges(flags.challenges, log));
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          CheckWeights(flags.checkpoint));
  if (info.model.puzzle != PuzzleKindName(PuzzleKind::kArc)) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.checkpoint, ": holds a network for ",
                     info.model.puzzle, "; these are ARC tasks"));
  }
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  ARCTRM_RETURN_IF_ERROR(CheckWritable(flags.out));
  ARCTRM_ASSIGN_OR_RETURN(
      const std::unique_ptr<Predictor> predictor,
      LoadPredictor(flags.checkpoint, options.ToPredictorOptions()));
  log.Begin();
  VoteOptions vote;
  vote.max_views = flags.augmentations >= 0 ? flags.augmentations + 1 : 0;
  vote.stop_decided = options.planning.stop_decided;
  vote.source = Basename(info.dir);
  vote.limits = CommandLimits(limit);
  Ballots ballots;
  ARCTRM_ASSIGN_OR_RETURN(
      const VoteResult result,
      PredictVotes(
          *predictor, info.ids, files.challenges, vote,
          [&](const VoteProgress& p) {
            log.Progress(absl::StrFormat("vote   %d/%d views  %.1f views/s",
                                         p.views_done, p.views_planned,
                                         p.views_per_s));
            return true;
          },
          ballots));
  log.EndProgress();
  for (const std::string& line : result.warnings) log.Warning(line);
  for (const auto& [task, index] : result.without_views) {
    log.Warning(absl::StrCat(task, "[", index,
                             "]: the checkpoint has no trained embedding row "
                             "for this task"));
  }
  ARCTRM_RETURN_IF_ERROR(ballots.Write(flags.out));
  ARCTRM_RETURN_IF_ERROR(PrintResult(
      absl::StrFormat("%d of %d views, %d votes: %s\n",
                      result.progress.views_done, result.progress.views_planned,
                      ballots.num_votes(), Printable(flags.out))));
  bool all_voted = true;
  for (const Task& task : files.challenges.tasks) {
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      all_voted =
          all_voted && ballots.num_votes(task.id, static_cast<int>(i)) > 0;
    }
  }
  return StopSignal() == 0 && all_voted ? kExitDone : kExitStopped;
}

absl::StatusOr<int> Run(const PuzzleTrainFlags& flags, Log& log) {
  ARCTRM_RETURN_IF_ERROR(NeedLimit(flags.time_limit, flags.steps));
  const Deadline limit = DeadlineOf(flags.time_limit);
  const std::unique_ptr<Watchdog> watchdog =
      WatchRun({"", "", "nothing was written"}, limit, log);
  const bool sudoku = flags.kind == PuzzleKindName(PuzzleKind::kSudoku);
  RunOptions run;
  ARCTRM_RETURN_IF_ERROR(Resolve(flags.common, !flags.checkpoint.empty(),
                                 sudoku ? "sudoku-small" : "maze-small", run));
  PuzzleTrainOptions options;
  ARCTRM_ASSIGN_OR_RETURN(options.group, ProcessGroupFromEnvironment());
  ARCTRM_ASSIGN_OR_RETURN(options.kind, ParsePuzzleKind(flags.kind));
  options.train = flags.train;
  options.test = flags.test;
  options.work = run.work;
  options.data.augmentations = flags.augmentations;
  if (flags.min_rating >= 0) options.data.min_rating = flags.min_rating;
  if (flags.max_rating >= 0) options.data.max_rating = flags.max_rating;
  options.data.sample = flags.sample;
  options.data.seed = run.seed;
  options.held_out = flags.held_out;
  run.checkpoint = flags.checkpoint;
  run.steps = flags.steps;
  options.spec = run.ToTrainSpec();
  options.spec.out = flags.out;
  options.spec.resume = flags.resume;
  options.predicting = run.ToPredictorOptions();
  options.report = flags.report;
  const auto may_write = [&]() -> absl::Status {
    ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
    if (flags.held_out > 0) {
      ARCTRM_RETURN_IF_ERROR(CheckBestOut(BesidePath(flags.out, ".best"),
                                          flags.resume, flags.common));
    }
    return CheckTrainingOut(flags.out, flags.resume, flags.common);
  };
  options.may_write = may_write;
  if (options.group.rank == 0) {
    ARCTRM_RETURN_IF_ERROR(may_write());
    ARCTRM_RETURN_IF_ERROR(CheckTrainingFolder(
        RunFolder(run.work.empty() ? BesidePath(flags.out, ".run") : run.work),
        absl::StrCat("arctrm puzzle train, ", Basename(flags.out)),
        {flags.resume, flags.common.overwrite, run.work.empty()}));
    if (!flags.report.empty())
      ARCTRM_RETURN_IF_ERROR(CheckWritable(flags.report));
  }
  ARCTRM_ASSIGN_OR_RETURN(const PuzzleTrainOutcome outcome,
                          TrainPuzzles(options, limit, log));
  if (options.group.rank > 0) return ExitOf(outcome.training.stop);
  ARCTRM_RETURN_IF_ERROR(PrintTrained(outcome.training, outcome.checkpoint));
  if (outcome.score.has_value()) {
    ARCTRM_RETURN_IF_ERROR(PrintResult(
        absl::StrCat("test puzzles: ", PuzzleScoreLine(*outcome.score), "\n")));
  }
  return StopSignal() == 0 ? ExitOf(outcome.training.stop) : kExitStopped;
}

absl::StatusOr<int> Run(const PuzzlePredictFlags& flags, Log& log) {
  const Deadline limit = DeadlineOf(flags.time_limit);
  const std::unique_ptr<Watchdog> watchdog =
      WatchRun({"", "", "nothing was written"}, limit, log);
  RunOptions run;
  ARCTRM_RETURN_IF_ERROR(Resolve(flags.common, true, "", run));
  ARCTRM_ASSIGN_OR_RETURN(const PuzzleFile file, ReadPuzzleCsv(flags.puzzles));
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  ARCTRM_RETURN_IF_ERROR(CheckWritable(flags.out));
  ARCTRM_RETURN_IF_ERROR(CheckWeights(flags.checkpoint).status());
  ARCTRM_ASSIGN_OR_RETURN(
      const std::unique_ptr<Predictor> predictor,
      LoadPredictor(flags.checkpoint, run.ToPredictorOptions()));
  ARCTRM_ASSIGN_OR_RETURN(
      const std::vector<PuzzleAnswer> answers,
      AnswerPuzzles(*predictor, file, CommandLimits(limit).end, log));
  // Puzzles that were not reached get no answer, not their known one.
  ARCTRM_RETURN_IF_ERROR(
      WriteFileAtomically(flags.out, PuzzleCsv(WithAnswers(file, answers))));
  ARCTRM_RETURN_IF_ERROR(PrintResult(
      absl::StrFormat("%d of %d puzzles answered: %s\n", answers.size(),
                      file.puzzles.size(), Printable(flags.out))));
  return answers.size() == file.puzzles.size() ? kExitDone : kExitStopped;
}

// Describes the weights that were imported and the other contents of the file.
std::string ImportedText(const ImportNotes& notes) {
  constexpr size_t kMaxNamed = 8;
  std::string text = absl::StrCat("weights     ", notes.weights,
                                  notes.averaged ? ", averaged" : "");
  if (!notes.others.empty()) {
    absl::StrAppend(&text,
                    "; also in the file: ", absl::StrJoin(notes.others, ", "),
                    " (choose with --weights NAME)");
  }
  text += "\n";
  for (const std::string& remark : notes.remarks) {
    absl::StrAppend(&text, "note        ", Printable(remark), "\n");
  }
  if (notes.passed_over.empty()) return text;
  const size_t all = notes.passed_over.size();
  std::vector<std::string> shown = notes.passed_over;
  shown.resize(std::min(all, kMaxNamed));
  if (all > shown.size()) {
    shown.push_back(absl::StrCat(all - shown.size(), " more"));
  }
  absl::StrAppend(&text, "ignored     ", Printable(absl::StrJoin(shown, ", ")),
                  "\n");
  return text;
}

absl::StatusOr<int> Run(const CheckpointImportFlags& flags, Log&) {
  RunOptions run;
  ARCTRM_RETURN_IF_ERROR(Resolve(flags.common, false, "arc", run));
  ImportOptions options;
  ARCTRM_ASSIGN_OR_RETURN(
      const ImportSettings settings,
      ApplyPublishedSettings(flags.weights, flags.common.set, run.model));
  options.model = run.model;
  options.identifiers = flags.identifiers;
  options.weights = flags.set;
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  ARCTRM_RETURN_IF_ERROR(CheckNameLength(flags.out));
  ARCTRM_RETURN_IF_ERROR(CheckWritable(BesidePath(flags.out, ".probe")));
  if (!flags.common.overwrite) {
    ARCTRM_RETURN_IF_ERROR(CheckNoCheckpoint(flags.out, /*resumable=*/false));
  }
  ImportNotes notes;
  ARCTRM_ASSIGN_OR_RETURN(
      const CheckpointInfo info,
      ImportCheckpoint(flags.weights, flags.out, options, &notes));
  ARCTRM_ASSIGN_OR_RETURN(const std::string text,
                          CheckpointInfoText(info.dir, false));
  ARCTRM_RETURN_IF_ERROR(PrintResult(
      absl::StrCat(ImportedText(notes), settings.text,
                   AssumedText(settings, run.recipe, info.model), text)));
  return kExitDone;
}

absl::StatusOr<int> Run(const CheckpointExportFlags& flags, Log&) {
  if (flags.mean_row) {
    return absl::InvalidArgumentError(
        "--mean-row applies only to a folder; give an --out without .pt or "
        ".safetensors");
  }
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  ARCTRM_RETURN_IF_ERROR(CheckWritable(flags.out));
  ARCTRM_RETURN_IF_ERROR(
      ExportWeights(flags.checkpoint, flags.out, flags.prefix));
  return kExitDone;
}

absl::StatusOr<int> Run(const DoctorFlags& flags, Log&) {
  return RunDoctor(flags);
}

// Warns if the GPU of this machine is not used by a command with a model.
template <typename Flags>
void WarnOfUnusedGpu(const Flags& flags, Log& log) {
  // These commands have a time limit.
  if constexpr (requires { flags.time_limit; }) {
    if (flags.common.device != "auto") return;
    const std::string why = UnusedGpuReason();
    if (!why.empty()) log.Warning(UnusedGpuText(why));
  }
}

// A rank above 0 of a training. Rank 0 writes all files, locks and log
// included.
template <typename Flags>
int RunFollower(Flags flags) {
  flags.common.log.clear();
  flags.common.quiet = true;
  return RunLogged(flags.common, [&](Log& log) { return Run(flags, log); });
}

template <typename Flags>
constexpr bool kTrainsInGroups = std::is_same_v<Flags, TrainFlags> ||
                                 std::is_same_v<Flags, PuzzleTrainFlags>;

}  // namespace

int RunModelCommand(const ModelCommand& command) {
  InstallStopSignals();
  return std::visit(
      [](const auto& flags) {
        if constexpr (kTrainsInGroups<std::decay_t<decltype(flags)>>) {
          const auto group = ProcessGroupFromEnvironment();
          if (!group.ok()) return ReportError(group.status());
          if (group->rank > 0) return RunFollower(flags);
        }
        return RunGuarded(flags, [&](Log& log) {
          // Ends commands without a time limit after a signal.
          const std::unique_ptr<Watchdog> watchdog =
              WatchRun(EndedRun(), Deadline(), log);
          WarnOfUnusedGpu(flags, log);
          return Run(flags, log);
        });
      },
      command);
}

}  // namespace arctrm
