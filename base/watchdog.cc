// SPDX-License-Identifier: MIT
#include "base/watchdog.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/memory.h"
#include "base/stop.h"
#include "base/time_budget.h"

namespace arctrm {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(20);
// Check the memory only if a deadline is this near.
constexpr absl::Duration kNear = absl::Seconds(30);

std::atomic<bool> stop_acknowledged{false};

}  // namespace

// Owns the thread and knows all watchdogs. Never destroyed.
class WatchdogMonitor {
 public:
  static WatchdogMonitor& Get() {
    static WatchdogMonitor* const monitor = new WatchdogMonitor;
    return *monitor;
  }

  void Add(Watchdog* watchdog) {
    const std::lock_guard<std::mutex> lock(mutex_);
    watchdogs_.push_back(watchdog);
    if (started_) return;
    started_ = true;
    std::thread([this] { Watch(); }).detach();
  }

  void Remove(Watchdog* watchdog) {
    const std::lock_guard<std::mutex> lock(mutex_);
    watchdogs_.erase(
        std::remove(watchdogs_.begin(), watchdogs_.end(), watchdog),
        watchdogs_.end());
  }

 private:
  void Watch() {
    for (;;) {
      std::this_thread::sleep_for(absl::ToChronoMilliseconds(kInterval));
      const std::lock_guard<std::mutex> lock(mutex_);
      if (StopSignal() == 0) {
        stop_acknowledged.store(false);
        signal_seen_ = absl::InfiniteFuture();
      } else if (signal_seen_ == absl::InfiniteFuture()) {
        signal_seen_ = RealClock().Now();
      }
      if (watchdogs_.empty()) continue;
      Watchdog& newest = *watchdogs_.back();
      if (IsDue(newest.deadline_)) End(newest, Watchdog::Cause::kDeadline);
      const absl::Duration grace =
          stop_acknowledged.load() ? kAcknowledgedGrace : kSignalGrace;
      if (newest.signals_ == Watchdog::Signals::kWatched &&
          RealClock().Now() - signal_seen_ > grace) {
        End(newest, Watchdog::Cause::kSignal);
      }
    }
  }

  static bool IsDue(const Deadline& deadline) {
    const absl::Duration left = deadline.Remaining();
    return left < kNear &&
           left < EndingTime(static_cast<double>(ResidentBytes()));
  }

  [[noreturn]] static void End(Watchdog& watchdog, Watchdog::Cause cause) {
    std::thread([] {
      std::this_thread::sleep_for(absl::ToChronoMilliseconds(kEndGrace));
      _exit(Watchdog::kCutOffExitCode);
    }).detach();
    _exit(watchdog.end_(cause));
  }

  std::mutex mutex_;
  // All guarded by mutex_.
  std::vector<Watchdog*> watchdogs_;
  bool started_ = false;
  absl::Time signal_seen_ = absl::InfiniteFuture();
};

Watchdog::Watchdog(const Deadline& deadline, std::function<int(Cause)> end,
                   Signals signals)
    : deadline_(deadline), end_(std::move(end)), signals_(signals) {
  WatchdogMonitor::Get().Add(this);
}

Watchdog::~Watchdog() { WatchdogMonitor::Get().Remove(this); }

void AcknowledgeStop() { stop_acknowledged.store(true); }

}  // namespace arctrm
