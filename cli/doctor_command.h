// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/flags.h"

namespace arctrm {

// `arctrm doctor`: describes this machine.
struct DoctorFlags {
  bool json = false;
  CommonFlags common;
};

CLI::App* AddDoctorCommand(CLI::App& app, DoctorFlags& flags);

}  // namespace arctrm
