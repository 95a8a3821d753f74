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

// `arctrm checkpoint export`: weights to pass on or to start from.
struct CheckpointExportFlags {
  std::string checkpoint;
  std::string out;
  bool mean_row = false;
  CommonFlags common;
};

// Everything under `arctrm checkpoint`.
struct CheckpointFlags {
  CheckpointInfoFlags info;
  CheckpointExportFlags export_flags;
};

CLI::App* AddCheckpointCommand(CLI::App& app, CheckpointFlags& flags);
int RunCheckpointInfo(const CheckpointInfoFlags& flags);
int RunCheckpointExport(const CheckpointExportFlags& flags);

}  // namespace arctrm
