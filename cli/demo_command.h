// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/flags.h"

namespace arctrm {

// `arctrm demo`: a run on generated tasks.
struct DemoFlags {
  std::string out = "arctrm-demo";
  absl::Duration time_limit = absl::InfiniteDuration();
  bool from_scratch = false;
  CommonFlags common;
};

CLI::App* AddDemoCommand(CLI::App& app, DemoFlags& flags);

}  // namespace arctrm
