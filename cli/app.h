// SPDX-License-Identifier: MIT
#pragma once

namespace arctrm {

// Carries out the command line and returns the exit code. Prints usage errors
// with the nearest known word to standard error, help and version to standard
// output.
int RunApp(int argc, const char* const* argv);

}  // namespace arctrm
