// SPDX-License-Identifier: MIT
#include "solver/train/resume_state.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/status.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/resume.h"

namespace arctrm {
namespace internal {
namespace {

absl::Status CheckDataset(const std::string& dir, const ResumeState& saved,
                          const Dataset& dataset) {
  const bool whole = saved.Has(kWholeDatasetKey);
  const std::string before = saved.Text(whole ? kWholeDatasetKey : kDatasetKey);
  const std::string now =
      whole ? DatasetFingerprint(dataset) : PairsFingerprint(dataset);
  if (before == now) return absl::OkStatus();
  return ChangedSince(dir, "the dataset (its tasks, augmentations and seed)",
                      ShownFingerprint(before), ShownFingerprint(now));
}

}  // namespace

std::string PairsFingerprint(const Dataset& dataset) {
  std::string content = absl::StrCat(dataset.canvas.side, ";");
  if (!dataset.has_ids()) {
    absl::StrAppend(&content, PuzzleKindName(dataset.canvas.kind), ";",
                    dataset.seed, ";", dataset.augmentations_asked, ";");
  }
  for (const DatasetTask& task : dataset.tasks) {
    absl::StrAppend(&content, task.name, ";", task.pairs.size(), ";");
    for (const Pair& pair : task.pairs) {
      content += pair.input.ContentBytes();
      content += pair.output.ContentBytes();
    }
    for (const Augmentation& augmentation : task.augmentations) {
      content += augmentation.Key();
    }
  }
  return Sha256Hex(content);
}

std::string ResumeState::Text(const std::string& key) const {
  const auto it = state.metadata().find(key);
  return it == state.metadata().end() ? std::string() : it->second;
}

bool ResumeState::Has(const std::string& key) const {
  return state.metadata().count(key) > 0;
}

absl::StatusOr<ResumeState> ReadResume(const std::string& dir,
                                       const ModelOptions& options,
                                       const TrainOptions& train,
                                       const Dataset& dataset) {
  ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info, ReadCheckpointInfo(dir));
  if (!info.has_resume_state) {
    return absl::NotFoundError(absl::StrCat(
        dir, ": holds weights but no ", kResumeFile,
        ", so training can't be resumed; start from it with --checkpoint"));
  }
  std::string difference = FirstDifference(info.model, options);
  // Checkpoints from before the option trained on whole canvases.
  if (info.train.fit_canvas == "auto") info.train.fit_canvas = "off";
  TrainOptions known = info.train;
  if (train.fit_canvas == "auto") known.fit_canvas = "auto";
  if (train.canvas_step == 0 || known.canvas_step == 0) {
    known.canvas_step = train.canvas_step;
  }
  if (difference.empty()) difference = FirstDifference(known, train);
  if (!difference.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        dir, ": ", difference, "; resume with the original settings"));
  }
  ARCTRM_ASSIGN_OR_RETURN(SafetensorsFile weights,
                          ReadCheckpointTensors(info.dir, kWeightsFile));
  ARCTRM_ASSIGN_OR_RETURN(SafetensorsFile state,
                          ReadCheckpointTensors(info.dir, kResumeFile));
  ResumeState saved{std::move(info), std::move(weights), std::move(state)};
  ARCTRM_RETURN_IF_ERROR(CheckDataset(dir, saved, dataset));
  if (saved.info.ids.num_ids != EmbeddingIndexOf(dataset).num_ids) {
    return absl::DataLossError(
        absl::StrCat(dir, ": its embedding index does not fit its dataset"));
  }
  return saved;
}

}  // namespace internal

std::string DatasetFingerprint(const Dataset& dataset) {
  std::string content =
      absl::StrCat(internal::PairsFingerprint(dataset), ";", dataset.seed, ";",
                   dataset.augmentations_asked, ";");
  for (const DatasetTask& task : dataset.tasks) {
    absl::StrAppend(&content, task.trains_on_test_pairs, ";",
                    task.test_inputs.size(), ";");
    for (const Grid& input : task.test_inputs) content += input.ContentBytes();
  }
  return Sha256Hex(content);
}

std::string ShownFingerprint(const std::string& fingerprint) {
  constexpr size_t kDigits = 16;
  return fingerprint.empty()
             ? std::string("not given")
             : absl::StrCat("SHA-256 ", fingerprint.substr(0, kDigits));
}

absl::Status ChangedSince(absl::string_view where, absl::string_view what,
                          absl::string_view before, absl::string_view now) {
  return absl::FailedPreconditionError(absl::StrCat(
      where, ": ", what, " was ", before, " and is ", now,
      " now; resume with the original one, or start over with --overwrite "
      "instead of --resume"));
}

absl::Status CheckResume(const TrainRequest& request) {
  ARCTRM_CHECK(request.dataset != nullptr);
  ARCTRM_ASSIGN_OR_RETURN(
      const internal::ResumeState saved,
      internal::ReadResume(request.spec.out, request.spec.model,
                           request.spec.train, *request.dataset));
  const std::string seed = absl::StrCat(request.spec.seed);
  const std::string seed_before = saved.Text(internal::kSeedKey);
  if (!seed_before.empty() && seed_before != seed) {
    return ChangedSince(request.spec.out, "--seed", seed_before, seed);
  }
  if (!saved.Has(internal::kStartKey)) {
    if (request.hooks.log != nullptr) {
      request.hooks.log->Info(
          absl::StrCat(request.spec.out,
                       ": saved by an earlier version, so seed and start "
                       "weights could not be "
                       "compared"));
    }
    return absl::OkStatus();
  }
  std::string start;
  if (!request.spec.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(start,
                            CheckpointFingerprint(request.spec.checkpoint));
  }
  const std::string start_before = saved.Text(internal::kStartKey);
  if (start == start_before) return absl::OkStatus();
  return ChangedSince(request.spec.out, "--checkpoint",
                      ShownFingerprint(start_before), ShownFingerprint(start));
}

}  // namespace arctrm
