// SPDX-License-Identifier: MIT
#pragma once

#include "absl/status/statusor.h"
#include "cli/doctor_command.h"

namespace arctrm {

// Prints what this machine offers: versions, processor, memory, devices, and
// whether a training step runs and gives finite numbers. Exit code 0 when the
// self-check passes, 1 otherwise.
absl::StatusOr<int> RunDoctor(const DoctorFlags& flags);

}  // namespace arctrm
