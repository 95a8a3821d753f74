// SPDX-License-Identifier: MIT
// Threads that share a piece of work and end before it does.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace arctrm {

// What a thread throws reaches whoever calls Join(), and ends nothing.
class ThreadGroup {
 public:
  ThreadGroup() = default;
  ThreadGroup(const ThreadGroup&) = delete;
  ThreadGroup& operator=(const ThreadGroup&) = delete;
  ~ThreadGroup();

  // False where the system has no more threads to give: `work` is not done.
  bool Start(std::function<void()> work);
  // Waits for all, then throws what the first of them threw.
  void Join();

 private:
  void Wait();

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::exception_ptr error_;  // guarded by mutex_ until all have ended
};

}  // namespace arctrm
