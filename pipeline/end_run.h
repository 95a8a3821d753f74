// SPDX-License-Identifier: MIT
// Ends a run whose work does not end in time: the task of a watchdog.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/watchdog.h"

namespace arctrm {

// What the run leaves behind.
struct EndedRun {
  std::string work;    // work folder; "" for none
  std::string report;  // to write from the work folder; "" for none
  // State of the result for the last message, such as "submission.json is
  // valid".
  std::string result;
};

// "stopped by SIGTERM".
std::string StoppedBySignal();

// Writes status and a warning to run.json if the run has one, writes the report
// and logs why the run ended. Only reads and writes files, so it may run beside
// work that hangs.
void EndRun(const EndedRun& run, Watchdog::Cause cause,
            const Deadline& deadline, Log& log);

// Returns a watchdog that calls EndRun() and exits with code 3, stopped early.
// Borrows `log`.
std::unique_ptr<Watchdog> WatchRun(
    EndedRun run, const Deadline& deadline, Log& log,
    Watchdog::Signals signals = Watchdog::Signals::kWatched);

// "the time limit was overrun by 0.3s"; "" before the deadline.
std::string OverrunText(const Deadline& deadline);

}  // namespace arctrm
