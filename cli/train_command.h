// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/flags.h"

namespace arctrm {

// Trains or fine-tunes on dataset files.
struct TrainFlags {
  std::vector<std::string> dataset;
  std::string out;
  std::string checkpoint;  // "": from nothing
  absl::Duration time_limit = absl::InfiniteDuration();
  int64_t steps = 0;  // 0: no limit
  bool resume = false;
  CommonFlags common;
};

CLI::App* AddTrainCommand(CLI::App& app, TrainFlags& flags);

}  // namespace arctrm
