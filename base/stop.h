// SPDX-License-Identifier: MIT
// The one global of the program: has a signal asked us to stop?
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Handlers that only set a flag, for SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU,
// SIGUSR1 and SIGUSR2; a second SIGINT or SIGQUIT ends the process at once.
// SIGHUP stays ignored where it was, as nohup wants it. System calls that wait
// are interrupted: they fail with EINTR. Calls IgnoreWriteSignals().
// Idempotent.
void InstallStopSignals();

// SIGPIPE and SIGXFSZ end nothing: what can't be written any more fails with
// EPIPE or EFBIG.
void IgnoreWriteSignals();

// The number of the signal that asked for a stop, 0 while none did.
int StopSignal();

// "SIGTERM", "signal 63".
std::string SignalName(int signal);

// Cancelled: "stopped by SIGTERM while `doing`".
absl::Status StoppedError(absl::string_view doing);

// What the handlers do, for tests and for workers; 0 clears the flag.
void RequestStop(int signal);

}  // namespace arctrm
