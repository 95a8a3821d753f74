// SPDX-License-Identifier: MIT
#include "pipeline/dataset_training.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "augment/dataset.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/status.h"
#include "base/time_budget.h"
#include "pipeline/end_run.h"
#include "pipeline/group_training.h"
#include "pipeline/held_out.h"
#include "pipeline/kept_runs.h"
#include "pipeline/memory_check.h"
#include "pipeline/resume_check.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_identity.h"
#include "pipeline/train_recorded.h"
#include "solver/checkpoint_info.h"
#include "solver/resume.h"

namespace arctrm {
namespace {

absl::StatusOr<Dataset> ReadDatasets(const std::vector<std::string>& paths) {
  ARCTRM_ASSIGN_OR_RETURN(Dataset dataset, ReadDataset(paths[0]));
  for (size_t i = 1; i < paths.size(); ++i) {
    ARCTRM_ASSIGN_OR_RETURN(Dataset more, ReadDataset(paths[i]));
    ARCTRM_RETURN_IF_ERROR(
        Annotate(AppendDataset(std::move(more), dataset), paths[i]));
  }
  return dataset;
}

// A training on datasets. Its stages are functions, in the order in which Run()
// calls them.
class DatasetTraining {
 public:
  DatasetTraining(const DatasetTrainOptions& options, const Deadline& deadline,
                  Log& log)
      : options_(options),
        run_(options.run),
        deadline_(deadline),
        log_(log),
        folder_(options.run.work.empty() ? BesidePath(options.run.out, ".run")
                                         : options.run.work) {}

  absl::StatusOr<DatasetTrainOutcome> Run();

 private:
  // Reads the dataset, resolves the network and holds pairs out.
  absl::Status Read();
  TrainRequest MakeRequest();
  // Checks everything that may prevent the training. Writes nothing.
  absl::Status Check();
  // Facts for the report, and the settings and fingerprints that must be equal
  // when the training is resumed.
  absl::StatusOr<RunRecord> MakeRecord(const DeviceInfo& device) const;
  absl::Status Open();
  absl::Status Train();
  // Failures become warnings: only the checkpoint matters.
  void WriteStatus(const std::string& status);

  const DatasetTrainOptions& options_;
  RunOptions run_;
  const Deadline deadline_;
  Log& log_;
  const RunFolder folder_;
  Dataset dataset_;
  std::string fingerprint_;  // of the dataset with its held-out pairs
  std::vector<HeldOutPair> held_out_;
  TrainRequest request_;
  std::unique_ptr<FileLock> lock_;
  RunRecord record_;
  DatasetTrainOutcome outcome_;
};

absl::Status DatasetTraining::Read() {
  ARCTRM_ASSIGN_OR_RETURN(dataset_, ReadDatasets(options_.datasets));
  fingerprint_ = DatasetFingerprint(dataset_);
  if (!run_.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                            ReadCheckpointInfo(run_.checkpoint));
    run_.model = run_.train.WithOverrides(info.model);
  } else {
    run_.model.canvas_side = dataset_.canvas.side;
    run_.model.position_side =
        std::max(run_.model.position_side, dataset_.canvas.side);
  }
  ARCTRM_ASSIGN_OR_RETURN(
      held_out_, TakeHeldOut(run_.planning.held_out, run_.seed, dataset_));
  return absl::OkStatus();
}

TrainRequest DatasetTraining::MakeRequest() {
  TrainRequest request;
  request.dataset = &dataset_;
  request.group = options_.group;
  request.spec = run_.ToTrainSpec();
  request.spec.out = run_.out;
  request.spec.resume = run_.resume;
  request.spec.limits = CommandLimits(deadline_);
  request.hooks.log = &log_;
  if (!held_out_.empty()) {
    request.spec.best_out = BesidePath(run_.out, ".best");
    request.hooks.evaluate = [this](Predictor& predictor) {
      return ScoreHeldOut(predictor, held_out_);
    };
  }
  return request;
}

absl::StatusOr<RunRecord> DatasetTraining::MakeRecord(
    const DeviceInfo& device) const {
  RunRecord record;
  record.title = absl::StrCat("arctrm train, ", Basename(run_.out));
  record.facts = {{"Machine", {{"device", device.Text()}}}, {"Settings", {}}};
  record.fingerprints["--dataset"] = fingerprint_;
  ARCTRM_ASSIGN_OR_RETURN(record.fingerprints["--checkpoint"],
                          FingerprintOfWeights(run_.checkpoint));
  record.settings["--seed"] = absl::StrCat(run_.seed);
  for (const OptionSet::Item& item : run_.Settings()) {
    record.facts.back().second.emplace_back(item.key, item.value);
    // The other run.* settings affect only predictions.
    if (item.key == "run.held_out" || !absl::StartsWith(item.key, "run.")) {
      record.settings[item.key] = item.value;
    }
  }
  record.run = NameRun(record, run_.steps > 0 && deadline_.IsInfinite());
  return record;
}

absl::Status DatasetTraining::Check() {
  ARCTRM_RETURN_IF_ERROR(options_.may_write(request_.spec.best_out));
  ARCTRM_ASSIGN_OR_RETURN(const DeviceInfo device,
                          DescribeDevice(run_.device, run_.train));
  if (device.is_cpu()) {
    ARCTRM_RETURN_IF_ERROR(
        CheckMemory(dataset_, run_.model, run_.train, run_.device.threads));
  }
  log_.Info(absl::StrFormat(
      "%d tasks, %d ids, %d examples; network of %d parameters; %s",
      dataset_.tasks.size(), dataset_.num_ids() - 1, dataset_.num_examples(),
      run_.model.num_parameters(), device.Text()));
  ARCTRM_ASSIGN_OR_RETURN(record_, MakeRecord(device));
  ARCTRM_RETURN_IF_ERROR(
      CheckTrainingFolder(folder_, record_.title,
                          {run_.resume, run_.overwrite, run_.work.empty()}));
  ARCTRM_RETURN_IF_ERROR(FindRecord(folder_, request_, record_, log_).status());
  return CheckTraining(request_);
}

absl::Status DatasetTraining::Open() {
  ARCTRM_ASSIGN_OR_RETURN(lock_, LockTraining(folder_));
  ARCTRM_RETURN_IF_ERROR(options_.may_write(request_.spec.best_out));
  ARCTRM_ASSIGN_OR_RETURN(record_,
                          OpenRecord(folder_, request_, record_, log_));
  request_.spec.run = record_.run;
  WriteStatus("training");
  log_.Begin();
  return absl::OkStatus();
}

absl::Status DatasetTraining::Train() {
  absl::StatusOr<TrainResult> result =
      TrainRecorded(TrainInGroup, request_, folder_, run_.steps,
                    request_.spec.limits.end, log_);
  if (absl::IsCancelled(result.status())) WriteStatus(EndedGroupStatus());
  ARCTRM_ASSIGN_OR_RETURN(outcome_.training, std::move(result));
  outcome_.best_out = request_.spec.best_out;
  record_.steps += outcome_.training.steps;
  WriteStatus(TrainStopName(outcome_.training.stop));
  return absl::OkStatus();
}

void DatasetTraining::WriteStatus(const std::string& status) {
  record_.status = status;
  const absl::Status written = folder_.WriteRecord(record_);
  if (!written.ok()) log_.Warning(written.message());
}

absl::StatusOr<DatasetTrainOutcome> DatasetTraining::Run() {
  std::unique_ptr<Watchdog> watchdog =
      WatchRun({"", "", "nothing was written"}, deadline_, log_);
  ARCTRM_RETURN_IF_ERROR(Read());
  request_ = MakeRequest();
  if (options_.group.rank > 0) {
    watchdog = WatchFollower(deadline_, log_);
    ARCTRM_ASSIGN_OR_RETURN(outcome_.training, TrainInGroup(request_));
    return outcome_;
  }
  ARCTRM_RETURN_IF_ERROR(Check());
  ARCTRM_RETURN_IF_ERROR(Open());
  watchdog = WatchRun({folder_.dir(), "", "the files saved so far are valid"},
                      deadline_, log_);
  ARCTRM_RETURN_IF_ERROR(Train());
  return outcome_;
}

}  // namespace

absl::StatusOr<DatasetTrainOutcome> TrainOnDatasets(
    const DatasetTrainOptions& options, const Deadline& deadline, Log& log) {
  return DatasetTraining(options, deadline, log).Run();
}

}  // namespace arctrm
