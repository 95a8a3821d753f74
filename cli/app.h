// SPDX-License-Identifier: MIT
#pragma once

namespace arctrm {

// Reads the command line and carries it out; returns the exit code. Usage
// errors go to standard error with the nearest right word, help and version to
// standard output.
int RunApp(int argc, const char* const* argv);

}  // namespace arctrm
