// SPDX-License-Identifier: MIT
#include "pipeline/run_checks.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "pipeline/kept_runs.h"
#include "pipeline/memory_check.h"
#include "pipeline/resume_check.h"
#include "solver/checkpoint_info.h"
#include "submission/write.h"

namespace arctrm {
namespace {

// Sets options.model from the start weights.
absl::Status TakeModelOfCheckpoint(RunOptions& options) {
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(options.checkpoint));
  if (info.model.puzzle != PuzzleKindName(PuzzleKind::kArc)) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.checkpoint, ": holds a network for ", info.model.puzzle,
        "; give weights that were trained on ARC tasks"));
  }
  options.model = options.train.WithOverrides(info.model);
  return absl::OkStatus();
}

// Sets the canvas to the smallest that holds every known grid.
void FitCanvasToTasks(const RunInputs& inputs, RunOptions& options) {
  std::vector<Task> all;
  for (const DatasetSource& source : inputs.sources) {
    all.insert(all.end(), source.challenges.tasks.begin(),
               source.challenges.tasks.end());
  }
  ModelOptions& model = options.model;
  model.canvas_side = DatasetCanvas(all, options.planning.canvas_margin).side;
  model.position_side = std::max(model.position_side, model.canvas_side);
}

// A run with a time limit may shrink its batch to fit into memory. A repeatable
// run is refused instead: another batch would change its result.
absl::Status FitMemory(const Dataset& dataset, RunContext& run) {
  const RunOptions& options = run.options;
  run.fitted_batch = options.train.batch;
  if (!run.engine.OnCpu()) return absl::OkStatus();
  TrainOptions train = options.train;
  if (!options.checkpoint.empty() && train.fit_canvas == "auto") {
    ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                            ReadCheckpointInfo(options.checkpoint));
    train.fit_canvas = info.train.fit_canvas;
  }
  const int threads = options.device.threads;
  const absl::Status enough =
      CheckMemory(dataset, options.model, train, threads);
  if (enough.ok()) return absl::OkStatus();
  const int batch = BatchForMemory(dataset, options.model, train, threads,
                                   run.engine.Ranks());
  if (batch == 0 || !run.budget.limited()) {
    // Unattended runs go on: voting may still work, and any valid submission is
    // better than none.
    return options.unattended ? absl::OkStatus() : enough;
  }
  run.fitted_batch = batch;
  run.journal.Warn(absl::StrCat(enough.message(), ": using that batch"));
  return absl::OkStatus();
}

// Settings and start weights; the weights are read whole. Unattended runs skip
// this: their training works around bad weights.
absl::Status CheckStart(RunContext& run) {
  const RunOptions& options = run.options;
  if (options.unattended) return absl::OkStatus();
  TrainRequest request;
  request.spec = options.ToTrainSpec();
  request.spec.checkpoint.clear();  // read below, in this process
  request.spec.limits.end = run.budget.end();
  ARCTRM_RETURN_IF_ERROR(run.engine.CheckTraining(request));
  // A resumed run continues from its own checkpoint, which is checked when it
  // is opened.
  const bool has_own_weights =
      options.resume && IsDirectory(run.journal.folder().checkpoint_dir());
  if (options.checkpoint.empty() || has_own_weights) return absl::OkStatus();
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          CheckWeights(options.checkpoint));
  return CheckSameNetwork(info, options.model);
}

absl::Status CheckOutputs(const RunOptions& options) {
  ARCTRM_RETURN_IF_ERROR(CheckSubmissionPath(options.out));
  ARCTRM_RETURN_IF_ERROR(CheckWritable(options.out));
  if (!options.report.empty()) {
    // On a full disk the run does without a report.
    const absl::StatusOr<int64_t> free = FreeBytes(Dirname(options.report));
    ARCTRM_RETURN_IF_ERROR(free.ok() && *free == 0
                               ? CheckIsFile(options.report)
                               : CheckWritable(options.report));
  }
  return options.may_write ? options.may_write() : absl::OkStatus();
}

// May the run begin, or resume, in its work folder?
absl::Status CheckWorkFolder(const RunContext& run) {
  const RunFolder& folder = run.journal.folder();
  ARCTRM_RETURN_IF_ERROR(folder.CheckNotLocked());
  if (run.options.resume) {
    ARCTRM_RETURN_IF_ERROR(folder.ReadRecord().status());
    return folder.CheckOurs();
  }
  return run.options.overwrite ? folder.CheckOurs() : folder.CheckNoRun();
}

}  // namespace

absl::Status ReadAndCheckInputs(RunContext& run) {
  RunOptions& options = run.options;
  ARCTRM_ASSIGN_OR_RETURN(
      run.inputs,
      ReadRunInputs(options.challenges, options.solutions, options.train_on));
  run.inputs_read = true;
  if (!options.checkpoint.empty()) {
    ARCTRM_RETURN_IF_ERROR(TakeModelOfCheckpoint(options));
  }
  ARCTRM_RETURN_IF_ERROR(options.model.Validate());
  ARCTRM_RETURN_IF_ERROR(options.train.Validate());
  ARCTRM_ASSIGN_OR_RETURN(const DeviceInfo device,
                          run.engine.Describe(options.device, options.train));
  run.device = device.Text();
  if (options.checkpoint.empty()) FitCanvasToTasks(run.inputs, options);
  // A dataset without augmentations shows whether every task fits the canvas
  // and whether there are enough tasks to hold pairs out of.
  BuildOptions probe;
  probe.plan.augmentations = 0;
  probe.canvas_side = options.model.canvas_side;
  ARCTRM_ASSIGN_OR_RETURN(Dataset dataset,
                          BuildDataset(run.inputs.sources, probe));
  ARCTRM_RETURN_IF_ERROR(FitMemory(dataset, run));
  return TakeHeldOut(options.planning.held_out, options.seed, dataset).status();
}

absl::Status CheckRun(RunContext& run) {
  ARCTRM_RETURN_IF_ERROR(ReadAndCheckInputs(run));
  ARCTRM_RETURN_IF_ERROR(CheckStart(run));
  ARCTRM_ASSIGN_OR_RETURN(run.inputs.fingerprints,
                          FingerprintsOf(run.inputs, run.options));
  ARCTRM_RETURN_IF_ERROR(CheckOutputs(run.options));
  return CheckWorkFolder(run);
}

}  // namespace arctrm
