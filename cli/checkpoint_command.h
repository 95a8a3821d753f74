// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm checkpoint info`: what a checkpoint is.
struct CheckpointInfoFlags {
  std::string checkpoint;
  bool json = false;
  CommonFlags common;
};

// Everything under `arctrm checkpoint`.
struct CheckpointFlags {
  CheckpointInfoFlags info;
};

CLI::App* AddCheckpointCommand(CLI::App& app, CheckpointFlags& flags);
int RunCheckpointInfo(const CheckpointInfoFlags& flags);

}  // namespace arctrm
