// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace arctrm {

// The program arctrm-solver that belongs to this one: beside it, or in the
// libexec folder of an installation. Unavailable says where it was looked for.
absl::StatusOr<std::string> FindSolver();

}  // namespace arctrm
