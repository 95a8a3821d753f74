// SPDX-License-Identifier: MIT
#include "solver/train/checkpoint_writer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm::internal {

CheckpointWriter::CheckpointWriter(LoopState& loop)
    : loop_(loop), out_(loop.request.spec.out), last_save_(loop.start) {}

bool CheckpointWriter::Due() const {
  const double interval_s = loop_.request.spec.train.checkpoint_interval_s;
  if (loop_.request.spec.out.empty() || interval_s <= 0) return false;
  return absl::ToDoubleSeconds(RealClock().Now() - last_save_) >=
         interval_factor_ * interval_s;
}

absl::Status CheckpointWriter::SaveTo(const std::string& dir, SaveAs what) {
  BroadcastCommand(loop_.training, {Command::kSave});
  return SaveTraining(loop_.training, dir, loop_.TimeS(), what);
}

void CheckpointWriter::ReportUnsaved(const absl::Status& why) {
  if (loop_.request.hooks.on_unsaved) {
    loop_.request.hooks.on_unsaved(why);
  } else if (loop_.request.hooks.log != nullptr && !reported_) {
    loop_.request.hooks.log->Warning(absl::StrCat(
        absl::IsResourceExhausted(why)
            ? "not saved, and later saves without room are not reported: "
            : "not saved, and later failed saves are not reported: ",
        why.message()));
  }
  reported_ = true;
}

absl::Status CheckpointWriter::Save(bool last) {
  constexpr double kMaxFactor = 64;
  const TrainRequest& request = loop_.request;
  const absl::Time before = RealClock().Now();
  absl::Status saved = SaveTo(out_, SaveAs::kWhole);
  if (!saved.ok() && !request.spec.spare_out.empty() &&
      out_ != request.spec.spare_out) {
    if (request.hooks.log != nullptr) {
      request.hooks.log->Warning(absl::StrCat(saved.message(), "; saving in ",
                                              request.spec.spare_out,
                                              " from here on"));
    }
    saved = SaveTo(request.spec.spare_out, SaveAs::kWhole);
    if (saved.ok()) out_ = request.spec.spare_out;
  }
  last_save_ = RealClock().Now();
  if (saved.ok()) {
    interval_factor_ = 1;
    loop_.costs.save_s = absl::ToDoubleSeconds(last_save_ - before);
    return saved;
  }
  interval_factor_ = std::min(2 * interval_factor_, kMaxFactor);
  if (last && !request.spec.keep_in_memory) return saved;
  ReportUnsaved(saved);
  // A later save may find room again.
  return last ? SaveTo(out_, SaveAs::kInMemory) : absl::OkStatus();
}

bool CheckpointWriter::SaveWeights(const std::string& dir) {
  const absl::Status saved = SaveTo(dir, SaveAs::kWeights);
  if (saved.ok()) return true;
  ReportUnsaved(saved);
  return loop_.request.spec.keep_in_memory &&
         SaveTo(dir, SaveAs::kInMemory).ok();
}

bool CheckpointWriter::SaveBest() {
  const TrainRequest& request = loop_.request;
  if (request.spec.best_out.empty() || SaveWeights(request.spec.best_out)) {
    return true;
  }
  return SaveBestInSpare();
}

bool CheckpointWriter::SaveBestInSpare() {
  const TrainRequest& request = loop_.request;
  if (request.spec.spare_out.empty() ||
      !SaveTo(SpareBest(request.spec.spare_out), SaveAs::kWeights).ok()) {
    return false;
  }
  // Readers prefer best_out, whose weights are now worse.
  return RemoveAll(request.spec.best_out).ok();
}

}  // namespace arctrm::internal
