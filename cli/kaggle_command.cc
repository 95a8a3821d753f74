// SPDX-License-Identifier: MIT
#include "cli/kaggle_command.h"

#include <cerrno>
#include <limits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "arc/read.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/status.h"
#include "base/stop.h"
#include "cli/command_files.h"
#include "cli/execute_run.h"
#include "cli/process_age.h"
#include "cli/program.h"
#include "cli/settings.h"
#include "kaggle/run_kaggle.h"
#include "pipeline/run_inputs.h"
#include "pipeline/spare_folder.h"
#include "pipeline/worker_engine.h"

namespace arctrm {
namespace {

void AddFlags(CLI::App& command, KaggleFlags& flags) {
  command
      .add_option("--input", flags.input,
                  "Where the competition's files are looked for: Kaggle's "
                  "input folder, a folder that holds them, or the challenges "
                  "file itself")
      ->type_name("DIR")
      ->capture_default_str();
  command
      .add_option("--competition", flags.competition,
                  "The competition to take where several are attached, as in "
                  "its address")
      ->type_name("NAME");
  command
      .add_option("--working", flags.working,
                  "The folder whose files Kaggle keeps")
      ->type_name("DIR")
      ->capture_default_str();
  command
      .add_option("--out", flags.out,
                  "The submission to write (default: submission.json in the "
                  "working folder)")
      ->type_name("F.json");
  AddReportFlag(command, flags.report);
  command
      .add_option("--checkpoint", flags.checkpoint,
                  "Pretrained weights (default: the checkpoint found among "
                  "the input; none: from nothing)")
      ->type_name("F");
  AddTrainOnFlag(command, flags.train_on);
  AddDurationFlag(command, "--limit", flags.limit,
                  "Time limit of the whole notebook (default 12h)");
  AddDurationFlag(command, "--safety", flags.safety,
                  "What of it is left alone (default 10m)");
  AddIntegerFlag(command, "--started", flags.started, 0,
                 std::numeric_limits<int64_t>::max(),
                 "When the notebook began, in seconds since 1970 (default: "
                 "now)");
  command
      .add_option("--room", flags.room,
                  "Scratch folders with less free space are a last resort")
      ->type_name("BYTES")
      ->capture_default_str();
  AddIntegerFlag(command, "--steps", flags.steps, 1,
                 std::numeric_limits<int64_t>::max(),
                 "Optimiser steps at most");
  AddAugmentationsFlag(command, flags.augmentations);
  AddCommonFlags(command,
                 {.seed = true,
                  .threads = true,
                  .model = true,
                  .work = true,
                  .writes = true},
                 flags.common);
}

// A start that is rounded up to a whole second is not in the future yet.
constexpr double kClocksDiffer = 1;

// What is wrong with settings and paths shows before the placeholder is put in
// place.
absl::Status CheckAsked(const KaggleFlags& flags) {
  RunOptions run;
  OptionSet set;
  AddOptions(run.model, set);
  AddOptions(run.train, set);
  AddOptions(run.planning, set);
  ARCTRM_RETURN_IF_ERROR(ApplySettings(flags.common.recipe, kFineTuningRecipe,
                                       flags.common.set, set));
  for (const std::string& argument : flags.train_on) {
    for (const std::string& path : TrainOnPaths(argument)) {
      const std::string file = TaskFilePath(path);
      ARCTRM_RETURN_IF_ERROR(CheckCanLook(file));
      if (!FileExists(file)) return ErrnoStatus(ENOENT, "can't read", file);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<KaggleOptions> OptionsOf(const KaggleFlags& flags) {
  ARCTRM_RETURN_IF_ERROR(CheckAsked(flags));
  KaggleOptions options;
  options.site.input = flags.input;
  options.site.working = flags.working;
  options.site.slug = flags.competition;
  ARCTRM_ASSIGN_OR_RETURN(options.site.scratch_bytes, ParseBytes(flags.room));
  options.limit = flags.limit;
  options.safety = flags.safety;
  options.started = flags.started > 0
                        ? static_cast<double>(flags.started)
                        : absl::ToDoubleSeconds(absl::Now() - ProcessAge() -
                                                absl::UnixEpoch());
  const double now = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  if (options.started > now + kClocksDiffer) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--started %d lies in the future: now is %.0f, in seconds since 1970 "
        "(`date +%%s`)",
        flags.started, now));
  }
  ARCTRM_ASSIGN_OR_RETURN(options.solver, FindSolver());
  options.run.out = flags.out.empty()
                        ? JoinPath(flags.working, "submission.json")
                        : flags.out;
  options.run.report = flags.report;
  options.run.checkpoint = flags.checkpoint;
  options.run.train_on = flags.train_on;
  options.run.steps = flags.steps;
  options.run.augmentations = flags.augmentations;
  options.run.work = flags.common.work;
  options.run.overwrite = flags.common.overwrite;
  options.ResolveSettings = [common = flags.common](Engine& engine,
                                                    RunOptions& run) {
    const std::string work = run.work;
    absl::Status status = ResolveSettings(
        common, !run.checkpoint.empty(),
        run.checkpoint.empty() ? "" : kFineTuningRecipe, engine, run);
    run.work = work;
    return status;
  };
  return options;
}

}  // namespace

CLI::App* AddKaggleCommand(CLI::App& app, KaggleCommands& flags) {
  CLI::App* command =
      app.add_subcommand("kaggle", "The whole job inside a Kaggle notebook");
  command->require_subcommand(1);
  CLI::App* run = command->add_subcommand(
      "run",
      "Find the input, fine-tune, vote, and write the submission in time");
  AddFlags(*run, flags.run);
  run->footer(
      "Examples:\n"
      "  arctrm kaggle run --checkpoint weights/ --limit 12h\n"
      "  arctrm kaggle run --input arc/ --working out/ --limit 20m --safety "
      "1m");
  CLI::App* plan = command->add_subcommand(
      "plan", "What `arctrm kaggle run` would do, after a short calibration");
  AddFlags(*plan, flags.plan);
  plan->footer(
      "Examples:\n"
      "  arctrm kaggle plan --checkpoint weights/ --limit 12h");
  return command;
}

int RunKaggleRun(const KaggleFlags& flags) {
  InstallStopSignals();
  return RunGuarded(flags, [&](Log& log) -> absl::StatusOr<int> {
    ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
    ARCTRM_ASSIGN_OR_RETURN(const KaggleOptions options, OptionsOf(flags));
    ARCTRM_ASSIGN_OR_RETURN(const RunOutcome outcome, RunKaggle(options, log));
    TellOutcome(outcome, options.run.out, log);
    return outcome.complete ? kExitDone : kExitStopped;
  });
}

int RunKagglePlan(const KaggleFlags& flags) {
  InstallStopSignals();
  // It writes none of the outputs.
  const absl::Status log_fine = CheckLog(flags.common, OutputGuard());
  if (!log_fine.ok()) return ReportError(log_fine);
  return RunLogged(flags.common, [&](Log& log) -> absl::StatusOr<int> {
    ARCTRM_ASSIGN_OR_RETURN(const KaggleOptions options, OptionsOf(flags));
    ARCTRM_ASSIGN_OR_RETURN(const std::string plan, PlanKaggle(options, log));
    ARCTRM_RETURN_IF_ERROR(PrintResult(plan));
    return kExitDone;
  });
}

int RunOnDevices(const RunFlags& flags) {
  InstallStopSignals();
  return RunGuarded(flags, [&](Log& log) -> absl::StatusOr<int> {
    ARCTRM_RETURN_IF_ERROR(CheckHasPlaceBeside(flags.out, flags.common));
    WorkerOptions workers;
    ARCTRM_ASSIGN_OR_RETURN(workers.solver, FindSolver());
    const std::string work = flags.common.work.empty()
                                 ? BesidePath(flags.out, ".run")
                                 : flags.common.work;
    workers.deadline = DeadlineOf(flags.time_limit);
    // A name of our own: it is removed again.
    workers.scratch = WorkersName(work);
    ARCTRM_RETURN_IF_ERROR(CheckWritable(flags.out));
    const absl::StatusOr<std::unique_ptr<FileLock>> lock =
        FileLock::Take(LockName(work), work);
    // A full disk has no room for one.
    if (!lock.ok() && !absl::IsResourceExhausted(lock.status())) {
      return lock.status();
    }
    // What workers are given as files may be as large as a dataset.
    constexpr int64_t kLeastBytes = int64_t{64} << 20;
    const absl::StatusOr<int64_t> free = FreeBytes(workers.scratch);
    const std::string spare = SpareFolder(workers.scratch, kLeastBytes);
    if (free.ok() && *free < kLeastBytes && !spare.empty()) {
      workers.scratch = spare;
    }
    const std::unique_ptr<Engine> engine = MakeWorkerEngine(workers, log);
    const absl::StatusOr<int> code = RunJobCommand(flags, *engine, log);
    // What workers said stays where something went wrong.
    if ((code.ok() && *code == kExitDone) ||
        ExitCodeOf(code.status()) == kExitUsage || workers.scratch == spare) {
      ARCTRM_RETURN_IF_ERROR(RemoveAll(workers.scratch));
    }
    return code;
  });
}

}  // namespace arctrm
