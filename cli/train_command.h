// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/flags.h"

namespace arctrm {

// `arctrm train`: trains or fine-tunes on datasets.
struct TrainFlags {
  std::vector<std::string> dataset;
  std::string out;
  std::string checkpoint;  // "": random weights
  absl::Duration time_limit = absl::InfiniteDuration();
  int64_t steps = 0;  // 0: no limit
  bool resume = false;
  CommonFlags common;
};

CLI::App* AddTrainCommand(CLI::App& app, TrainFlags& flags);

}  // namespace arctrm
