// SPDX-License-Identifier: MIT
// Where a training saves, and what it does when a disk has no room.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "solver/train/loop.h"
#include "solver/train/state_io.h"

namespace arctrm::internal {

// Saves to request.out; from the first save that finds no room there, to
// request.spare_out. Used by rank 0 alone; the other processes help. Borrows
// the loop, whose costs.save_s it measures.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(LoopState& loop);

  // Is the next checkpoint due (train.checkpoint_interval_s)? Waits longer
  // while saves find no room.
  bool Due() const;
  // The whole checkpoint. Without room: the last save is an error, or goes to
  // memory with request.keep_in_memory; an earlier one is left out.
  absl::Status Save(bool last);
  // Weights alone, to `dir` or, with request.keep_in_memory, to memory. false:
  // there was no room.
  bool SaveWeights(const std::string& dir);
  // Weights alone, as those with the best score. false: there was no room.
  bool SaveBest();

  // request.out or request.spare_out.
  const std::string& out() const { return out_; }

 private:
  absl::Status SaveTo(const std::string& dir, SaveAs what);
  bool SaveBestInSpare();
  void TellUnsaved(const absl::Status& why);

  LoopState& loop_;
  std::string out_;
  absl::Time last_save_;
  double interval_factor_ = 1;  // grows while saves find no room
  bool told_ = false;
};

}  // namespace arctrm::internal
