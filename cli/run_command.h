// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/flags.h"

namespace arctrm {

// `arctrm run`: everything from the inputs to the submission.
struct RunFlags {
  std::vector<std::string> challenges;
  std::string solutions;  // "": unknown
  std::string out;
  std::vector<std::string> train_on;  // "F" or "F=SOLUTIONS"
  std::string checkpoint;             // "": random weights
  absl::Duration time_limit = absl::InfiniteDuration();
  int64_t steps = 0;       // 0: no limit
  int augmentations = -1;  // -1: planned
  bool resume = false;
  std::string report;  // "": none
  CommonFlags common;
};

CLI::App* AddRunCommand(CLI::App& app, RunFlags& flags);

}  // namespace arctrm
