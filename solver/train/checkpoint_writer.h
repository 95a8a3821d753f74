// SPDX-License-Identifier: MIT
// Saves checkpoints, and handles disks without room.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "solver/train/loop.h"
#include "solver/train/state_io.h"

namespace arctrm::internal {

// Saves to spec.out, and to spec.spare_out once a save found no room in
// spec.out. Only rank 0 uses it; the other processes gather their parts.
// Borrows the loop and measures its costs.save_s.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(LoopState& loop);

  // Is the next checkpoint due (train.checkpoint_interval_s)? The interval
  // grows while saves find no room.
  bool Due() const;
  // Saves the whole checkpoint. Without room, a last save is an error, or goes
  // to memory with spec.keep_in_memory; an earlier save is skipped.
  absl::Status Save(bool last);
  // Saves the weights to `dir`, or to memory with spec.keep_in_memory. false:
  // there was no room.
  bool SaveWeights(const std::string& dir);
  // Saves the weights as the best ones. false: there was no room.
  bool SaveBest();

  // spec.out or spec.spare_out.
  const std::string& out() const { return out_; }

 private:
  absl::Status SaveTo(const std::string& dir, SaveAs what);
  bool SaveBestInSpare();
  void ReportUnsaved(const absl::Status& why);

  LoopState& loop_;
  std::string out_;
  absl::Time last_save_;
  double interval_factor_ = 1;  // grows while saves find no room
  bool reported_ = false;
};

}  // namespace arctrm::internal
