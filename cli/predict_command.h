// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/flags.h"

namespace arctrm {

// `arctrm predict`: votes of a checkpoint on tasks that it was trained on.
struct PredictFlags {
  std::string checkpoint;
  std::vector<std::string> challenges;
  std::string out;
  int augmentations = -1;  // -1: all trained ones
  absl::Duration time_limit = absl::InfiniteDuration();
  CommonFlags common;
};

CLI::App* AddPredictCommand(CLI::App& app, PredictFlags& flags);

}  // namespace arctrm
