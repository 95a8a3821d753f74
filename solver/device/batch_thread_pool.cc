// SPDX-License-Identifier: MIT
#include "solver/device/batch_thread_pool.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <system_error>

namespace arctrm::internal {

Slice SliceOf(int64_t total, int parts, int i) {
  const int64_t begin = total * i / parts;
  return {begin, total * (i + 1) / parts - begin};
}

std::vector<std::vector<SizeBucket>> DivideRows(
    const std::vector<GridSize>& sizes,
    const std::function<double(int64_t)>& cost, int parts) {
  std::map<GridSize, std::vector<int64_t>> by_size;
  double total = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    by_size[sizes[i]].push_back(static_cast<int64_t>(i));
    total += cost(sizes[i].cells());
  }
  std::vector<std::vector<SizeBucket>> divided(static_cast<size_t>(parts));
  double before = 0;
  for (const auto& [size, rows] : by_size) {
    const double each = cost(size.cells());
    for (int64_t row : rows) {
      // The midpoint of a batch row's cost decides its part.
      const auto part = static_cast<size_t>(
          std::clamp((before + each / 2) / total * parts, 0.0, parts - 1.0));
      before += each;
      std::vector<SizeBucket>& buckets = divided[part];
      if (buckets.empty() || buckets.back().size != size) {
        buckets.push_back({size, {}});
      }
      buckets.back().rows.push_back(row);
    }
  }
  return divided;
}

BatchThreadPool::BatchThreadPool(int64_t batch, bool fixed)
    : total_threads_(at::get_num_threads()) {
  count_ = static_cast<int>(
      std::clamp<int64_t>(batch, 1, fixed ? kFixedSlices : total_threads_));
  num_threads_ = std::min(count_, total_threads_);
  threads_per_slice_ = fixed ? 1 : total_threads_ / num_threads_;
  at::set_num_threads(threads_per_slice_);
  for (int i = 1; i < num_threads_; ++i) {
    try {
      threads_.emplace_back([this, i] { Loop(i); });
    } catch (const std::system_error&) {
      // Out of threads: the existing ones share the slices.
      num_threads_ = i;
    }
  }
}

BatchThreadPool::~BatchThreadPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  at::set_num_threads(total_threads_);
}

void BatchThreadPool::Run(const std::function<void(int)>& work) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = &work;
    interrupt_ = InterruptScope::Current();
    running_ = num_threads_;
    error_ = nullptr;
    ++round_;
  }
  changed_.notify_all();
  Call(work, 0);
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return running_ == 0; });
  if (error_ != nullptr) std::rethrow_exception(error_);
}

void BatchThreadPool::Loop(int thread) {
  at::set_num_threads(threads_per_slice_);
  int64_t done = 0;
  for (;;) {
    const std::function<void(int)>* work = nullptr;
    const InterruptScope* interrupt = nullptr;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || round_ != done; });
      if (stop_) return;
      done = round_;
      work = work_;
      interrupt = interrupt_;
    }
    const InterruptAdoption adopted(interrupt);
    Call(*work, thread);
  }
}

void BatchThreadPool::Call(const std::function<void(int)>& work, int thread) {
  std::exception_ptr error;
  try {
    for (int i = thread; i < count_; i += num_threads_) work(i);
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (error != nullptr && error_ == nullptr) error_ = error;
  if (--running_ == 0) changed_.notify_all();
}

}  // namespace arctrm::internal
