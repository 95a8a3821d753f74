// SPDX-License-Identifier: MIT
// The stream of training examples, augmented as they are drawn. No Torch here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "augment/dataset.h"
#include "augment/dihedral.h"
#include "base/random.h"

namespace arctrm::internal {

// The part of the canvas that an example is cut to: what is outside is PAD.
struct Window {
  GridSize size;
  Offset origin;  // of its first cell on the canvas
};

struct Example {
  int task = 0;
  int copy = 0;
  int pair = 0;
  Offset offset;  // of the grids on the whole canvas
  Window window;
  int64_t embedding_id = 0;
};

// An epoch takes every task once, in random order; of each one randomly chosen
// copy; of it every pair (or at most pairs_per_visit of them), in random order.
// Differs from TRM: the published sampler fills whole batches and cuts a task
// where a batch ends; here only rows that halted draw, and the stream runs on
// across batches. Sudoku and mazes stay in their place. Offsets are drawn
// afresh each time (TRM: once, when the data set is built); as there, one pair
// of each copy stays at (0, 0). Next is not thread-safe.
class ExampleSampler {
 public:
  // Borrows `dataset`. pairs_per_visit 0: all pairs. canvas_step > 0: windows
  // of TaskWindow (augment/task_window.h) in that step, for copies that are
  // transposed with rows and columns swapped; 0: the whole canvas.
  // The stream is the same with and without.
  ExampleSampler(const Dataset* dataset, bool translate, int pairs_per_visit,
                 uint64_t seed, int canvas_step = 0);

  Example Next();
  // The first pair of a copy, where it stands.
  Example InPlace(int task, int copy) const;
  // window.size.cells() tokens each.
  void Encode(const Example& example, uint8_t* input, uint8_t* label) const;
  int64_t epochs() const { return epochs_; }
  // Share of the whole canvas's cells that windows have, mean over the tasks.
  double WindowShare() const;

  // Everything Next depends on, as text, and back.
  std::string State() const;
  absl::Status SetState(const std::string& state);

 private:
  void StartEpoch();
  void StartTask();

  const Dataset* dataset_;
  bool translate_;
  size_t pairs_per_visit_;
  // Shared by copies of this object, which are cheap and frequent.
  std::shared_ptr<const std::vector<int64_t>> first_ids_;
  // Of the windows, by task as it is.
  std::shared_ptr<const std::vector<GridSize>> sizes_;
  Random random_;
  std::shared_ptr<const std::vector<int>> order_;  // tasks of this epoch
  size_t position_ = 0;                            // next in order_
  int copy_ = 0;
  std::vector<int>
      pairs_;  // of the current task, still to come (from the back)
  int64_t epochs_ = 0;
};

}  // namespace arctrm::internal
