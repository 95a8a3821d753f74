// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/flags.h"

namespace arctrm {

// Votes of a checkpoint on the test inputs of tasks it knows.
struct PredictFlags {
  std::string checkpoint;
  std::vector<std::string> challenges;
  std::string out;
  int augmentations = -1;  // -1: all that are trained
  absl::Duration time_limit = absl::InfiniteDuration();
  CommonFlags common;
};

CLI::App* AddPredictCommand(CLI::App& app, PredictFlags& flags);

}  // namespace arctrm
