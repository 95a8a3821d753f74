// SPDX-License-Identifier: MIT
#include "pipeline/resume_check.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "arc/write.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/status.h"
#include "pipeline/held_out.h"
#include "pipeline/run_identity.h"
#include "solver/checkpoint_info.h"
#include "solver/resume.h"
#include "solver/train.h"

namespace arctrm {
namespace {

constexpr char kWhatToDo[] =
    "restore it from a copy, or replace --resume by --overwrite to start anew";

absl::Status Missing(const std::string& path, absl::string_view what) {
  return absl::NotFoundError(
      absl::StrCat(path, ": missing: ", what, "; ", kWhatToDo));
}

absl::Status CheckKept(const std::string& dir) {
  const absl::Status status = CheckWholeCheckpoint(dir);
  if (status.ok()) return absl::OkStatus();
  return absl::Status(status.code(),
                      absl::StrCat(status.message(), "; ", kWhatToDo));
}

// Checks whether the training in `checkpoint` has the settings of `options`.
absl::Status CheckTraining(const std::string& checkpoint,
                           const CheckpointInfo& saved, Dataset dataset,
                           const RunOptions& options) {
  ARCTRM_RETURN_IF_ERROR(
      TakeHeldOut(options.planning.held_out, options.seed, dataset).status());
  TrainRequest request;
  request.dataset = &dataset;
  request.spec = options.ToTrainSpec();
  // Lack of memory may have shrunk the batch.
  request.spec.train.batch = saved.train.batch;
  request.spec.out = checkpoint;
  request.spec.resume = true;
  return CheckResume(request);
}

// How many of the `wanted` snapshots were due within the first `done` of
// `steps` steps.
int SnapshotsDue(int wanted, int64_t done, int64_t steps) {
  int due = 0;
  const double share =
      std::min(1.0, static_cast<double>(done) / static_cast<double>(steps));
  while (due < wanted && share >= 0.5 + 0.5 * (due + 1) / (wanted + 1)) {
    ++due;
  }
  return due;
}

absl::Status CheckSnapshots(const RunFolder& folder, const RunRecord& record,
                            const RunOptions& options) {
  int due = record.snapshots;
  const absl::StatusOr<CheckpointInfo> saved =
      ReadCheckpointInfo(folder.checkpoint_dir());
  // The step of a checkpoint includes the steps of its start weights.
  if (options.steps > 0 && saved.ok() && options.checkpoint.empty()) {
    due = std::max(due, SnapshotsDue(options.planning.snapshots, saved->step,
                                     options.steps));
  }
  // A later snapshot shows that the earlier ones existed.
  for (int number = due + 1; number <= options.planning.snapshots; ++number) {
    if (IsDirectory(SnapshotDir(folder.checkpoint_dir(), number))) due = number;
  }
  for (int number = 1; number <= due; ++number) {
    const std::string dir = SnapshotDir(folder.checkpoint_dir(), number);
    if (!IsDirectory(dir)) return Missing(dir, "a snapshot that votes");
    ARCTRM_RETURN_IF_ERROR(CheckKept(dir));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> FingerprintsOf(
    const RunInputs& inputs, const RunOptions& options) {
  std::map<std::string, std::string> prints;
  prints["--challenges"] = Sha256Hex(ChallengesJson(inputs.challenges));
  prints["--solutions"] = inputs.solutions.empty()
                              ? ""
                              : Sha256Hex(SolutionsJson(inputs.solutions));
  std::string trained_on;
  for (const DatasetSource& source : inputs.sources) {
    if (!source.train_on_test_pairs) continue;
    absl::StrAppend(&trained_on, Sha256Hex(ChallengesJson(source.challenges)),
                    Sha256Hex(SolutionsJson(source.solutions)));
  }
  prints["--train-on"] = trained_on.empty() ? "" : Sha256Hex(trained_on);
  ARCTRM_ASSIGN_OR_RETURN(prints["--checkpoint"],
                          FingerprintOfWeights(options.checkpoint));
  return prints;
}

absl::StatusOr<std::string> FingerprintOfWeights(
    const std::string& checkpoint) {
  if (checkpoint.empty()) return "";
  return CheckpointFingerprint(checkpoint);
}

absl::Status CheckSameInputs(const RunFolder& folder, const RunRecord& before,
                             const RunRecord& now, Log& log) {
  for (const auto& [option, print] : before.fingerprints) {
    const auto it = now.fingerprints.find(option);
    if (it == now.fingerprints.end() || it->second == print) continue;
    return ChangedSince(folder.dir(), option, ShownFingerprint(print),
                        ShownFingerprint(it->second));
  }
  for (const auto& [key, value] : before.settings) {
    const auto it = now.settings.find(key);
    const std::string given = it == now.settings.end() ? "" : it->second;
    if (it != now.settings.end() && given == value) continue;
    return ChangedSince(folder.dir(), key, absl::StrCat("\"", value, "\""),
                        absl::StrCat("\"", given, "\""));
  }
  if (before.fingerprints.empty()) {
    log.Info(absl::StrCat(
        folder.record_path(),
        ": has no fingerprints because an earlier version wrote it: changes of "
        "the inputs are not noticed"));
  }
  return absl::OkStatus();
}

absl::Status CheckMetrics(const RunFolder& folder, int64_t step) {
  const std::string path = folder.metrics_path();
  if (!FileExists(path)) {
    if (step == 0) return absl::OkStatus();
    return absl::NotFoundError(absl::StrCat(
        path,
        ": missing: the metrics so far; restore it from a copy, or make an "
        "empty file of that name to continue without them"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  lines.pop_back();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].empty() && IsMetricsRow(lines[i])) continue;
    return absl::DataLossError(
        absl::StrCat(path, ":", i + 1,
                     ": damaged: not a row of metrics; remove the line, or "
                     "restore the file from a copy"));
  }
  return absl::OkStatus();
}

absl::Status CheckResumeFiles(const RunFolder& folder, const RunRecord& record,
                              const RunOptions& options) {
  if (record.votes > 0 && !FileExists(folder.ballots_path())) {
    return Missing(folder.ballots_path(), "the votes so far");
  }
  // A finished run has removed its resume state.
  if (absl::StartsWith(record.status, "done")) return absl::OkStatus();
  const std::string checkpoint = folder.checkpoint_dir();
  const bool saved =
      IsDirectory(checkpoint) || IsDirectory(AsideName(checkpoint));
  // Without room in the work folder, checkpoints are in the spare folder.
  if (!saved && options.spare.empty() &&
      (record.training_done || record.steps > 0)) {
    return Missing(checkpoint, "the weights so far");
  }
  CheckpointInfo info;
  if (saved) {
    ARCTRM_RETURN_IF_ERROR(CheckKept(checkpoint));
    ARCTRM_ASSIGN_OR_RETURN(info, ReadCheckpointInfo(checkpoint));
    if (!record.training_done && !info.has_resume_state) {
      return Missing(JoinPath(checkpoint, "resume.safetensors"),
                     "the resume state");
    }
  }
  if (IsDirectory(folder.best_dir())) {
    ARCTRM_RETURN_IF_ERROR(CheckKept(folder.best_dir()));
  }
  ARCTRM_RETURN_IF_ERROR(CheckSnapshots(folder, record, options));
  if (!record.training_done) {
    const std::string dataset = folder.dataset_dir();
    if (IsDirectory(dataset) || IsDirectory(AsideName(dataset))) {
      absl::StatusOr<Dataset> whole = ReadDataset(dataset);
      if (!whole.ok()) {
        return absl::Status(
            whole.status().code(),
            absl::StrCat(whole.status().message(), "; ", kWhatToDo));
      }
      ARCTRM_RETURN_IF_ERROR(CheckDataset(folder, record));
      if (saved) {
        ARCTRM_RETURN_IF_ERROR(
            CheckTraining(checkpoint, info, *std::move(whole), options));
      }
    } else if (saved || record.augmentations >= 0) {
      return Missing(dataset, "the augmented tasks");
    }
  }
  return CheckMetrics(folder, record.steps);
}

}  // namespace arctrm
