// SPDX-License-Identifier: MIT
// The stream of training examples, augmented when drawn. Free of LibTorch.
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

// The window of an example; cells outside are padding.
struct Window {
  GridSize size;
  Offset origin;  // its first cell on the canvas
};

struct Example {
  int task = 0;
  int augmentation = 0;  // index among those of the task
  int pair = 0;
  Offset offset;  // of the grids on the canvas
  Window window;
  int64_t embedding_id = 0;
};

// An epoch visits every task once, in random order. A visit chooses one
// augmentation at random and yields its pairs (at most pairs_per_visit) in
// random order. Offsets are random, except that one pair of each augmentation
// stays at (0, 0); Sudoku and mazes are never moved. Next is not thread-safe.
// Differs from TRM: only halted batch rows draw, and the stream continues
// across batches; the published sampler fills whole batches and cuts a task at
// the end of a batch. Offsets are drawn for each example; TRM draws them once,
// when it builds the dataset.
class ExampleSampler {
 public:
  // Borrows `dataset`. pairs_per_visit 0: all pairs. canvas_step > 0: windows
  // of TaskWindow (augment/task_window.h) in that step, transposed where the
  // augmentation transposes; 0: whole canvases. Windows do not change the
  // stream.
  ExampleSampler(const Dataset* dataset, bool translate, int pairs_per_visit,
                 uint64_t seed, int canvas_step = 0);

  Example Next();
  // The first pair of an augmentation, at offset (0, 0).
  Example InPlace(int task, int augmentation) const;
  // window.size.cells() tokens each.
  void Encode(const Example& example, uint8_t* input, uint8_t* label) const;
  int64_t epochs() const { return epochs_; }
  // Mean over the tasks of window cells / canvas cells.
  double WindowShare() const;

  // The state of the stream as text.
  std::string State() const;
  absl::Status SetState(const std::string& state);

 private:
  void StartEpoch();
  void StartTask();

  const Dataset* dataset_;
  bool translate_;
  size_t pairs_per_visit_;
  // Shared by copies of this object, which must be cheap.
  std::shared_ptr<const std::vector<int64_t>> first_ids_;
  // Window sizes by task, not transposed.
  std::shared_ptr<const std::vector<GridSize>> sizes_;
  Random random_;
  std::shared_ptr<const std::vector<int>> order_;  // tasks of this epoch
  size_t position_ = 0;                            // next in order_
  int augmentation_ = 0;
  std::vector<int>
      pairs_;  // remaining pairs of the current task, taken from the back
  int64_t epochs_ = 0;
};

}  // namespace arctrm::internal
