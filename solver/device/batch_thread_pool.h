// SPDX-License-Identifier: MIT
// Threads that each take one slice of a batch through the network. On a CPU
// this keeps all cores busy where the threads of single operations can't: the
// operations of a tiny network are too short to share.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "arc/grid.h"
#include "base/interrupt.h"

namespace arctrm::internal {

// Rows [begin, begin + size) of a batch.
struct Slice {
  int64_t begin = 0;
  int64_t size = 0;
};

// The i-th of `parts` slices of `total` rows; sizes differ by one at most.
Slice SliceOf(int64_t total, int parts, int i);

// Some rows of a batch that have canvases of one size.
struct SizeBucket {
  GridSize size;
  std::vector<int64_t> rows;  // of the batch, ascending
};

// Divides the rows of a batch among `parts` workers, rows with canvases of one
// size together, so that the sums of cost(cells) are about the same. sizes[i]:
// that of row i. With one size for all, part i has the rows of SliceOf(…, i).
std::vector<std::vector<SizeBucket>> DivideRows(
    const std::vector<GridSize>& sizes,
    const std::function<double(int64_t)>& cost, int parts);

// Slices of a batch and the threads that work on them.
class BatchThreadPool {
 public:
  // As many slices as the process has threads (at::get_num_threads()), but no
  // more than `batch` has rows; the threads are divided among them until this
  // object goes. `fixed`: kFixedSlices of one thread each
  // instead, however many threads there are, so that results do not depend on
  // that. Works for one owner at a time.
  explicit BatchThreadPool(int64_t batch, bool fixed = false);
  ~BatchThreadPool();
  BatchThreadPool(const BatchThreadPool&) = delete;
  BatchThreadPool& operator=(const BatchThreadPool&) = delete;

  static constexpr int64_t kFixedSlices = 8;

  // Of slices.
  int count() const { return count_; }

  // Calls work(0) … work(count() - 1), some of them on this thread, and waits
  // for all. An exception of any of them is rethrown here. The interrupt scope
  // of this thread holds for all.
  void Run(const std::function<void(int)>& work);

 private:
  void Loop(int thread);
  // The slices of one thread, in order.
  void Call(const std::function<void(int)>& work, int thread);

  int count_ = 1;
  int total_threads_ = 1;
  int num_threads_ = 1;        // that work on slices, this one included
  int threads_per_slice_ = 1;  // within operations
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void(int)>* work_ = nullptr;  // guarded by mutex_
  const InterruptScope* interrupt_ = nullptr;       // guarded by mutex_
  int64_t round_ = 0;                               // guarded by mutex_
  int running_ = 0;                                 // guarded by mutex_
  bool stop_ = false;                               // guarded by mutex_
  std::exception_ptr error_;                        // guarded by mutex_
};

}  // namespace arctrm::internal
