// SPDX-License-Identifier: MIT
// The one global of the program: has SIGINT or SIGTERM asked us to stop?
#pragma once

namespace arctrm {

// Installs handlers for SIGINT and SIGTERM that only set a flag; a second
// SIGINT ends the process at once. Idempotent.
void InstallStopSignals();

// The number of the signal that asked for a stop, 0 while none did.
int StopSignal();

// What the handlers do, for tests and for workers; 0 clears the flag.
void RequestStop(int signal);

}  // namespace arctrm
