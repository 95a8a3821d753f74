// SPDX-License-Identifier: MIT
// Where this program and those that belong to it are.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace arctrm {

// The folder of the running program.
absl::StatusOr<std::string> ProgramDir();

// The program arctrm-solver that belongs to this one: beside it, or in the
// libexec folder of an installation. Unavailable says where it was looked for.
absl::StatusOr<std::string> FindSolver();

// How a person who is in the working folder calls arctrm: "arctrm" where $PATH
// leads to it, else its path, from that folder where it lies below.
std::string CommandName();

}  // namespace arctrm
