// SPDX-License-Identifier: MIT
// Threads that each compute one slice of a batch. This occupies all CPU cores;
// the operations of a small network are too short to divide among threads.
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

// Batch rows [begin, begin + size).
struct Slice {
  int64_t begin = 0;
  int64_t size = 0;
};

// The i-th of `parts` slices of `total` batch rows; sizes differ by at most
// one.
Slice SliceOf(int64_t total, int parts, int i);

// Batch rows with windows of one size.
struct SizeBucket {
  GridSize size;
  std::vector<int64_t> rows;  // batch rows, ascending
};

// Divides batch rows into size buckets and these among `parts` workers, with
// about equal sums of cost(cells). sizes[i]: window size of batch row i. If all
// sizes are equal, part i gets the batch rows of SliceOf(…, i).
std::vector<std::vector<SizeBucket>> DivideRows(
    const std::vector<GridSize>& sizes,
    const std::function<double(int64_t)>& cost, int parts);

// The threads for the slices of a batch.
class BatchThreadPool {
 public:
  // Makes min(at::get_num_threads(), batch) slices and divides the threads of
  // the process among them until destruction. `fixed`: kFixedSlices slices of
  // one thread each, so that results do not depend on the number of threads.
  // Used by one owner at a time.
  explicit BatchThreadPool(int64_t batch, bool fixed = false);
  ~BatchThreadPool();
  BatchThreadPool(const BatchThreadPool&) = delete;
  BatchThreadPool& operator=(const BatchThreadPool&) = delete;

  static constexpr int64_t kFixedSlices = 8;

  // The number of slices.
  int count() const { return count_; }

  // Calls work(0) … work(count() - 1), some on this thread, and waits for all.
  // Rethrows an exception of any of them. All inherit the interrupt scope of
  // this thread.
  void Run(const std::function<void(int)>& work);

 private:
  void Loop(int thread);
  // Computes the slices of one thread, in order.
  void Call(const std::function<void(int)>& work, int thread);

  int count_ = 1;
  int total_threads_ = 1;
  int num_threads_ = 1;        // threads with slices, including the caller
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
