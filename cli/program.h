// SPDX-License-Identifier: MIT
// Finds this program and arctrm-solver.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace arctrm {

// Returns the folder of the running program.
absl::StatusOr<std::string> ProgramDir();

// Returns the path of arctrm-solver: beside this program, or in the libexec
// folder of an installation. Unavailable names both places.
absl::StatusOr<std::string> FindSolver();

// Returns the word that starts arctrm in a shell: "arctrm" if $PATH holds it,
// otherwise its path, relative if it is below the current folder.
std::string CommandName();

}  // namespace arctrm
