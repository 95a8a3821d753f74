// SPDX-License-Identifier: MIT
#include "base/thread_group.h"

#include <system_error>
#include <utility>

namespace arctrm {

ThreadGroup::~ThreadGroup() { Wait(); }

bool ThreadGroup::Start(std::function<void()> work) {
  threads_.reserve(threads_.size() + 1);
  try {
    threads_.emplace_back([this, work = std::move(work)] {
      try {
        work();
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (error_ == nullptr) error_ = std::current_exception();
      }
    });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void ThreadGroup::Wait() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ThreadGroup::Join() {
  Wait();
  if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace arctrm
