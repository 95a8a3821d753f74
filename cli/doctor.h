// SPDX-License-Identifier: MIT
#pragma once

#include "absl/status/statusor.h"
#include "cli/doctor_command.h"

namespace arctrm {

// Prints versions, processor, memory and devices of this machine, and whether
// training steps give finite numbers here. Returns exit code 0 if that
// self-check passes, 1 otherwise.
absl::StatusOr<int> RunDoctor(const DoctorFlags& flags);

}  // namespace arctrm
