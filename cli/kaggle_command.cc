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
                  "Folder with the competition's files, at any depth, or the "
                  "challenges file itself")
      ->type_name("DIR")
      ->capture_default_str();
  command
      .add_option("--competition", flags.competition,
                  "Name of the competition in its address, if several are "
                  "attached (default: any)")
      ->type_name("NAME");
  command
      .add_option("--working", flags.working, "Folder whose files Kaggle keeps")
      ->type_name("DIR")
      ->capture_default_str();
  command
      .add_option("--out", flags.out,
                  "Submission file to write (default: submission.json in the "
                  "working folder)")
      ->type_name("F.json");
  AddReportFlag(command, flags.report);
  command
      .add_option("--checkpoint", flags.checkpoint,
                  "Pretrained weights (default: a checkpoint in the input "
                  "folder, else random weights)")
      ->type_name("F");
  AddTrainOnFlag(command, flags.train_on);
  AddDurationFlag(command, "--limit", flags.limit,
                  "Wall-clock time limit of the whole notebook (default: 12h)");
  AddDurationFlag(command, "--safety", flags.safety,
                  "Part of the limit that stays unused (default: 10m)");
  AddIntegerFlag(command, "--started", flags.started, 0,
                 std::numeric_limits<int64_t>::max(),
                 "Start of the notebook, in seconds since 1970 (default: "
                 "now)");
  command
      .add_option("--room", flags.room,
                  "Free space that a scratch folder should have; folders with "
                  "less are used only if there is no other")
      ->type_name("BYTES")
      ->capture_default_str();
  AddIntegerFlag(command, "--steps", flags.steps, 1,
                 std::numeric_limits<int64_t>::max(),
                 "Maximum number of optimiser steps (default: unlimited)");
  AddAugmentationsFlag(command, flags.augmentations);
  CommonUse use = kTrainingUse;
  use.recipe = "nvarc with a checkpoint, else arc on a GPU and small on a CPU";
  AddCommonFlags(command, use, flags.common);
  command.get_option("--work")->description(
      "Work folder, for metrics, checkpoints and resuming (default: in a "
      "scratch folder)");
}

// --started may be this far in the future, because it may be rounded up to a
// whole second.
constexpr double kStartToleranceS = 1;

// Checks settings and paths before the placeholder is written.
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
  if (options.started > now + kStartToleranceS) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--started %d is in the future: now is %.0f, in seconds since 1970 "
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
  CLI::App* command = app.add_subcommand(
      "kaggle", "Plan and carry out a run inside a Kaggle notebook");
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
      "plan", "Measure for a short time and print the plan of `kaggle run`");
  AddFlags(*plan, flags.plan);
  plan->footer(
      "Examples:\n"
      "  arctrm kaggle plan --checkpoint weights/ --limit 12h");
  command->footer(
      "Examples:\n"
      "  arctrm kaggle run --checkpoint weights/ --limit 12h");
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
  // `kaggle plan` writes no output, so only the log is checked.
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
    // A name that only arctrm gives, because the folder is removed at the end.
    workers.scratch = WorkersName(work);
    ARCTRM_RETURN_IF_ERROR(CheckWritable(flags.out));
    const absl::StatusOr<std::unique_ptr<FileLock>> lock =
        FileLock::Take(LockName(work), work);
    // A full disk has no room for a lock; the run continues without one.
    if (!lock.ok() && !absl::IsResourceExhausted(lock.status())) {
      return lock.status();
    }
    // Files for workers may be as large as a dataset.
    constexpr int64_t kLeastBytes = int64_t{64} << 20;
    const absl::StatusOr<int64_t> free = FreeBytes(workers.scratch);
    const std::string spare = SpareFolder(workers.scratch, kLeastBytes);
    if (free.ok() && *free < kLeastBytes && !spare.empty()) {
      workers.scratch = spare;
    }
    const std::unique_ptr<Engine> engine = MakeWorkerEngine(workers, log);
    absl::StatusOr<int> code = ExecuteRunCommand(flags, *engine, log);
    // After a failure the output of the workers is kept.
    if ((code.ok() && *code == kExitDone) ||
        ExitCodeOf(code.status()) == kExitUsage || workers.scratch == spare) {
      ARCTRM_RETURN_IF_ERROR(RemoveAll(workers.scratch));
    }
    return code;
  });
}

}  // namespace arctrm
