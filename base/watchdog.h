// SPDX-License-Identifier: MIT
// The last resort for time limits and stop signals: ends the process in order
// if the work does not end by itself.
#pragma once

#include <functional>

#include "absl/time/time.h"
#include "base/clock.h"

namespace arctrm {

// During its lifetime a thread watches the process. Shortly before `deadline`
// passes, or kSignalGrace (base/time_budget.h) after a stop signal
// (base/stop.h) without AcknowledgeStop(), that thread calls `end` and ends the
// process with the exit code that `end` returns. Destructors do not run. `end`
// must not wait for locks of the watched work; after kEndGrace the process ends
// with kCutOffExitCode anyway. With Signals::kIgnored it watches only the
// deadline. If several watchdogs exist, only the newest is
// active.
class Watchdog {
 public:
  enum class Cause { kDeadline, kSignal };
  enum class Signals { kWatched, kIgnored };
  static constexpr int kCutOffExitCode = 3;

  Watchdog(const Deadline& deadline, std::function<int(Cause)> end,
           Signals signals = Signals::kWatched);
  // Blocks forever if `end` has begun, as the process is about to end.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  friend class WatchdogMonitor;
  const Deadline deadline_;
  const std::function<int(Cause)> end_;
  const Signals signals_;
};

// Tells watchdogs that the work has noticed the stop signal and is ending.
void AcknowledgeStop();

}  // namespace arctrm
