// SPDX-License-Identifier: MIT
#include "cli/execute_run.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/process_age.h"
#include "cli/settings.h"

namespace arctrm {

absl::Status ResolveSettings(const CommonFlags& common, bool from_checkpoint,
                             const std::string& default_recipe, Engine& engine,
                             RunOptions& run) {
  OptionSet set;
  AddOptions(run.model, set);
  AddOptions(run.train, set);
  AddOptions(run.planning, set);
  run.device = {common.device, common.threads};
  run.seed = common.seed;
  std::string recipe = common.recipe.empty() ? default_recipe : common.recipe;
  if (recipe.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const DeviceInfo device,
                            engine.Describe(run.device, run.train));
    recipe = device.kind == DeviceKind::kCuda ? "arc" : "small";
  }
  ARCTRM_RETURN_IF_ERROR(ApplySettings(recipe, "", common.set, set));
  // A checkpoint brings its own network, so settings of another one are
  // refused.
  if (from_checkpoint) {
    for (const std::string& assignment : common.set) {
      if (assignment.rfind("model.", 0) == 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("--set ", assignment,
                         ": the network of a checkpoint can't be changed; "
                         "train.H_cycles, train.L_cycles and "
                         "train.halt_max_steps can"));
      }
    }
  }
  run.model = run.train.WithOverrides(run.model);
  run.recipe = recipe;
  run.work = common.work;
  return absl::OkStatus();
}

Deadline DeadlineOf(absl::Duration limit) {
  if (limit == absl::InfiniteDuration()) return Deadline();
  return Deadline(RealClock(), limit - ProcessAge());
}

absl::Status NeedLimit(absl::Duration limit, int64_t steps) {
  if (limit == absl::InfiniteDuration() && steps == 0) {
    return absl::InvalidArgumentError(
        "no end is given: add --time-limit (such as 20m) or --steps");
  }
  return absl::OkStatus();
}

absl::Status CheckHasPlaceBeside(const std::string& out,
                                 const CommonFlags& common) {
  if (!common.work.empty() || !IsSpecialFile(out)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--out ", out,
                   ": not a regular file, so the work folder can't be placed "
                   "beside it; name "
                   "a file, or name the folder with --work"));
}

absl::Status NotBoth(bool resume, const CommonFlags& common) {
  if (!resume || !common.overwrite) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "--resume continues the earlier work and --overwrite removes it; give "
      "only one of them");
}

absl::Status PrintOutcome(const RunOutcome& outcome, const std::string& out) {
  std::string text =
      absl::StrFormat("%s: %s\n", outcome.status, Printable(out));
  if (outcome.score.has_value()) {
    absl::StrAppend(&text, ScoreText(*outcome.score, false));
    for (const auto& [group, table] : outcome.label_scores) {
      int solved = 0;
      for (const OutputScore& o : table.outputs) solved += o.solved();
      absl::StrAppendFormat(&text, "%s: %d of %d test outputs solved\n",
                            Printable(group), solved, table.outputs.size());
    }
  }
  if (!outcome.leak_warning.empty()) {
    absl::StrAppend(&text, "warning: ", Printable(outcome.leak_warning), "\n");
  }
  return PrintResult(text);
}

void TellOutcome(const RunOutcome& outcome, const std::string& out, Log& log) {
  const absl::Status printed = PrintOutcome(outcome, out);
  if (!printed.ok()) log.Warning(printed.message());
}

absl::StatusOr<int> ExecuteRunCommand(const RunFlags& flags, Engine& engine,
                                      Log& log) {
  ARCTRM_RETURN_IF_ERROR(NeedLimit(flags.time_limit, flags.steps));
  ARCTRM_RETURN_IF_ERROR(NotBoth(flags.resume, flags.common));
  ARCTRM_RETURN_IF_ERROR(CheckHasPlaceBeside(flags.out, flags.common));
  RunOptions run;
  ARCTRM_RETURN_IF_ERROR(ResolveSettings(
      flags.common, !flags.checkpoint.empty(), "", engine, run));
  run.challenges = flags.challenges;
  run.solutions = flags.solutions;
  run.train_on = flags.train_on;
  run.checkpoint = flags.checkpoint;
  run.out = flags.out;
  run.report = flags.report;
  run.steps = flags.steps;
  run.augmentations = flags.augmentations;
  run.resume = flags.resume;
  run.overwrite = flags.common.overwrite;
  run.may_write = [&flags] { return CheckStanding(flags); };
  run.title = absl::StrCat("arctrm run, ", Basename(flags.out));
  ARCTRM_ASSIGN_OR_RETURN(
      const RunOutcome outcome,
      ExecuteRun(run, DeadlineOf(flags.time_limit), log, engine));
  TellOutcome(outcome, flags.out, log);
  return outcome.complete ? kExitDone : kExitStopped;
}

}  // namespace arctrm
