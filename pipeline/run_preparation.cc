// SPDX-License-Identifier: MIT
#include "pipeline/run_preparation.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "augment/leak_guard.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "pipeline/run_identity.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

BuildOptions MakeBuildOptions(const RunOptions& options) {
  BuildOptions build;
  build.plan.seed = options.seed;
  build.plan.augmentations = 0;
  build.canvas_side = options.model.canvas_side;
  build.threads = options.device.threads > 0 ? options.device.threads : 2;
  return build;
}

// Is there a whole dataset to resume from? One that was written just before the
// run was killed is built again.
bool HasDataset(const RunContext& run) {
  const RunFolder& folder = run.journal.folder();
  return run.options.resume &&
         (run.journal.record().augmentations >= 0 ||
          HasCheckpoint(folder.checkpoint_dir())) &&
         FileExists(JoinPath(folder.dataset_dir(), kDatasetMark));
}

absl::Status MakePlan(RunContext& run) {
  ARCTRM_ASSIGN_OR_RETURN(
      run.planned,
      MeasureAndPlan(run.dataset, run.inputs.challenges.num_test_inputs(),
                     run.budget, run.engine, run.options, run.journal));
  return absl::OkStatus();
}

absl::Status StoreDataset(RunContext& run) {
  absl::Status stored =
      WriteDataset(run.dataset, run.journal.folder().dataset_dir()).status();
  if (stored.ok()) return stored;
  if (run.engine.NeedsFiles()) {
    const std::string& spare = run.options.spare;
    if (spare.empty()) return stored;
    ARCTRM_RETURN_IF_ERROR(MakeDirectories(spare));
    ARCTRM_RETURN_IF_ERROR(
        WriteDataset(run.dataset, JoinPath(spare, "dataset")).status());
  }
  run.journal.Unsaved(stored);
  return absl::OkStatus();
}

// Builds as many of the planned augmentations as time and memory allow.
absl::Status BuildAugmentedDataset(RunContext& run) {
  BuildOptions build = MakeBuildOptions(run.options);
  const int wanted = run.planned.plan.augmentations;
  ARCTRM_ASSIGN_OR_RETURN(
      build.plan.augmentations,
      AffordableAugmentations(run.inputs.sources, build, wanted,
                              run.options.model, run.budget));
  if (build.plan.augmentations < wanted) {
    run.journal.Warn(absl::StrCat(
        build.plan.augmentations, " augmentations of each task instead of ",
        wanted, ": more do not fit into the time or the memory"));
    run.planned.plan.augmentations = build.plan.augmentations;
  }
  ARCTRM_ASSIGN_OR_RETURN(run.dataset, BuildDataset(run.inputs.sources, build));
  ARCTRM_RETURN_IF_ERROR(StoreDataset(run));
  run.journal.record().dataset = DatasetOf(run.journal.folder());
  return absl::OkStatus();
}

void RecordPlan(RunContext& run) {
  RunJournal& journal = run.journal;
  const RunPlan& plan = run.planned.plan;
  journal.record().augmentations = plan.augmentations;
  journal.record().planned_steps = plan.steps;
  journal.log().Info(absl::StrCat("plan: ", plan.Describe()));
  auto& facts = journal.Section("Plan");
  facts = {{"plan", plan.Describe()}};
  if (run.planned.inputs.step_s > 0) {
    facts.emplace_back("measured step",
                       absl::StrFormat("%.3f s", run.planned.inputs.step_s));
  }
  facts.emplace_back("embedding rows", absl::StrCat(run.dataset.num_ids() - 1));
  facts.emplace_back("tasks with fewer augmentations",
                     absl::StrCat(run.dataset.num_short_tasks()));
}

// Warns of test inputs that the start weights or the dataset have seen.
absl::Status CheckLeaks(RunContext& run) {
  std::vector<TrainedTask> seen;
  if (!run.options.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info,
                            ReadCheckpointInfo(run.options.checkpoint));
    seen = std::move(info.trained);
  }
  MergeTrainedTasks(TrainedTasks(run.dataset), seen);
  const RunInputs& inputs = run.inputs;
  run.leak_warning =
      LeakWarning(FindLeaks(seen, inputs.challenges, inputs.solutions),
                  static_cast<int>(inputs.challenges.tasks.size()));
  if (!run.leak_warning.empty()) run.journal.Warn(run.leak_warning);
  return absl::OkStatus();
}

}  // namespace

absl::Status PrepareRun(RunContext& run) {
  RunJournal& journal = run.journal;
  const double started = journal.ElapsedS();
  const bool has_dataset = HasDataset(run);
  if (has_dataset) {
    ARCTRM_ASSIGN_OR_RETURN(run.dataset,
                            ReadDataset(journal.folder().dataset_dir()));
  } else {
    // The plan needs the tasks only.
    ARCTRM_ASSIGN_OR_RETURN(
        run.dataset,
        BuildDataset(run.inputs.sources, MakeBuildOptions(run.options)));
    journal.record().augmentations = -1;
  }
  ARCTRM_RETURN_IF_ERROR(MakePlan(run));
  if (!has_dataset) ARCTRM_RETURN_IF_ERROR(BuildAugmentedDataset(run));
  // The files keep the held-out pairs; a resumed run holds out the same ones.
  ARCTRM_ASSIGN_OR_RETURN(
      run.held_out, TakeHeldOut(run.options.planning.held_out, run.options.seed,
                                run.dataset));
  RecordPlan(run);
  ARCTRM_RETURN_IF_ERROR(CheckLeaks(run));
  journal.AddTiming("set-up", journal.ElapsedS() - started);
  journal.Keep(journal.Save("training"));
  return absl::OkStatus();
}

absl::StatusOr<std::string> PlanText(RunContext& run) {
  const RunOptions& options = run.options;
  ARCTRM_ASSIGN_OR_RETURN(
      run.dataset, BuildDataset(run.inputs.sources, MakeBuildOptions(options)));
  ARCTRM_RETURN_IF_ERROR(MakePlan(run));
  const double step_s = run.planned.inputs.step_s;
  return absl::StrFormat(
      "%d tasks, %d test inputs; %s\nnetwork of %d parameters on a %dx%d "
      "canvas, batch %d: a step takes %.3f s, a view of a test input %.4f s\n"
      "set-up %s, then %s\n",
      run.inputs.challenges.tasks.size(),
      run.inputs.challenges.num_test_inputs(), run.device,
      options.model.num_parameters(), options.model.canvas_side,
      options.model.canvas_side, options.train.batch, step_s,
      ViewSeconds(step_s, options.model, options.train.batch),
      DurationText(absl::Seconds(run.journal.ElapsedS())),
      run.planned.plan.Describe());
}

}  // namespace arctrm
