// SPDX-License-Identifier: MIT
// Threads that work for one call and end before it returns.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace arctrm {

// Exceptions of threads are rethrown by Join().
class ThreadGroup {
 public:
  ThreadGroup() = default;
  ThreadGroup(const ThreadGroup&) = delete;
  ThreadGroup& operator=(const ThreadGroup&) = delete;
  ~ThreadGroup();

  // Returns false without starting `work` if the system has no thread left.
  bool Start(std::function<void()> work);
  // Waits for all threads, then rethrows the first exception.
  void Join();

 private:
  void Wait();

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::exception_ptr error_;  // guarded by mutex_ until all have ended
};

}  // namespace arctrm
