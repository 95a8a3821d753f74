// SPDX-License-Identifier: MIT
#include "solver/internal/workers.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace arctrm::internal {

Slice SliceOf(int64_t total, int parts, int i) {
  const int64_t begin = total * i / parts;
  return {begin, total * (i + 1) / parts - begin};
}

Workers::Workers(int64_t batch) : total_threads_(at::get_num_threads()) {
  count_ = static_cast<int>(
      std::clamp<int64_t>(batch / kLeastRows, 1, total_threads_));
  if (count_ == 1) return;
  at::set_num_threads(total_threads_ / count_);
  for (int i = 1; i < count_; ++i) {
    threads_.emplace_back([this, i] { Loop(i); });
  }
}

Workers::~Workers() {
  if (count_ == 1) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  at::set_num_threads(total_threads_);
}

void Workers::Run(const std::function<void(int)>& work) {
  if (count_ == 1) {
    work(0);
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = &work;
    running_ = count_;
    error_ = nullptr;
    ++round_;
  }
  changed_.notify_all();
  Call(work, 0);
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return running_ == 0; });
  if (error_ != nullptr) std::rethrow_exception(error_);
}

void Workers::Loop(int worker) {
  at::set_num_threads(total_threads_ / count_);
  int64_t done = 0;
  for (;;) {
    const std::function<void(int)>* work = nullptr;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || round_ != done; });
      if (stop_) return;
      done = round_;
      work = work_;
    }
    Call(*work, worker);
  }
}

void Workers::Call(const std::function<void(int)>& work, int worker) {
  std::exception_ptr error;
  try {
    work(worker);
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (error != nullptr && error_ == nullptr) error_ = error;
  if (--running_ == 0) changed_.notify_all();
}

}  // namespace arctrm::internal
