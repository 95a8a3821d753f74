// SPDX-License-Identifier: MIT
// The last resort of a time limit and of a stop signal: ends the process in
// order when the work itself does not.
#pragma once

#include <functional>

#include "absl/time/time.h"
#include "base/clock.h"

namespace arctrm {

// While it lives, a thread watches over the process. When `deadline` is about
// to pass, or a stop signal (base/stop.h) has stood for kSignalGrace and nobody
// has called AcknowledgeStop(), that thread calls `end` and then ends the
// process with the exit code that `end` returns; destructors do not run.
// `end` must not wait for anything that the watched work may hold; after
// kEndGrace the process ends with kCutOffExitCode all the same. Of several
// watchdogs the newest watches.
class Watchdog {
 public:
  enum class Cause { kDeadline, kSignal };
  static constexpr absl::Duration kSignalGrace = absl::Milliseconds(1300);
  // From AcknowledgeStop() on, for saving what can be saved.
  static constexpr absl::Duration kAcknowledgedGrace = absl::Seconds(60);
  static constexpr absl::Duration kEndGrace = absl::Milliseconds(350);
  static constexpr int kCutOffExitCode = 3;

  Watchdog(const Deadline& deadline, std::function<int(Cause)> end);
  // Waits for ever where `end` has begun: the process is about to end.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  friend class WatchdogMonitor;
  const Deadline deadline_;
  const std::function<int(Cause)> end_;
};

// The work has heard the stop signal and is ending by itself.
void AcknowledgeStop();

}  // namespace arctrm
