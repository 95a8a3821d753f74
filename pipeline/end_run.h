// SPDX-License-Identifier: MIT
// How a run ends where its own work does not come to an end: what the watchdog
// of a command does.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/watchdog.h"

namespace arctrm {

// What is left behind.
struct EndedRun {
  std::string work;    // folder of the run; "": none
  std::string report;  // written anew from it; "": none
  // What stands when the run ends, for its last message, such as
  // "submission.json is valid".
  std::string result;
};

// "stopped by SIGTERM".
std::string StoppedBySignal();

// Sets status and a warning in the run's record, where there is one, writes
// the report and says what has happened. Reads and writes files only, so that
// it may run beside work that hangs.
void EndRun(const EndedRun& run, Watchdog::Cause cause,
            const Deadline& deadline, Log& log);

// A watchdog that does EndRun() and exits with kExitStopped's value, 3. Borrows
// the log.
std::unique_ptr<Watchdog> WatchRun(EndedRun run, const Deadline& deadline,
                                   Log& log);

// "the limit was overrun by 0.3 s"; "" while it was not.
std::string OverrunText(const Deadline& deadline);

}  // namespace arctrm
