// SPDX-License-Identifier: MIT
// Stop signals. The flag is the only global state of the program.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Installs handlers that only set a flag, for SIGINT, SIGTERM, SIGHUP, SIGQUIT,
// SIGXCPU, SIGUSR1 and SIGUSR2. A second SIGINT or SIGQUIT ends the process at
// once. SIGHUP stays ignored if it was (nohup). The signals interrupt blocking
// system calls (EINTR). Calls IgnoreWriteSignals(). Idempotent.
void InstallStopSignals();

// Ignores SIGPIPE and SIGXFSZ, so that writes fail with EPIPE or EFBIG instead.
void IgnoreWriteSignals();

// The number of the stop signal that arrived, or 0.
int StopSignal();

// "SIGTERM", "signal 63".
std::string SignalName(int signal);

// Cancelled: "stopped by SIGTERM while `doing`".
absl::Status StoppedError(absl::string_view doing);

// Sets the flag as the handlers do, for tests and workers; 0 clears it.
void RequestStop(int signal);

}  // namespace arctrm
