// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm checkpoint info`: what a checkpoint is.
struct CheckpointInfoFlags {
  std::string checkpoint;
  bool json = false;
  CommonFlags common;
};

// `arctrm checkpoint import`: weights from Python.
struct CheckpointImportFlags {
  std::string weights;
  std::string out;
  std::string identifiers;
  std::string set;  // --weights
  CommonFlags common;
};

// `arctrm checkpoint export`: weights to pass on or to start from.
struct CheckpointExportFlags {
  std::string checkpoint;
  std::string out;
  bool mean_row = false;
  std::string prefix;
  // Is one file asked for, in a form that Python reads?
  bool ToFile() const;
  CommonFlags common;
};

// `arctrm checkpoint average`.
struct CheckpointAverageFlags {
  std::vector<std::string> checkpoints;
  std::string out;
  CommonFlags common;
};

// Everything under `arctrm checkpoint`.
struct CheckpointFlags {
  CheckpointInfoFlags info;
  CheckpointImportFlags import_flags;
  CheckpointExportFlags export_flags;
  CheckpointAverageFlags average;
};

CLI::App* AddCheckpointCommand(CLI::App& app, CheckpointFlags& flags);
int RunCheckpointInfo(const CheckpointInfoFlags& flags);
// To a folder; a file needs the model (RunModelCommand).
int RunCheckpointExport(const CheckpointExportFlags& flags);
int RunCheckpointAverage(const CheckpointAverageFlags& flags);

}  // namespace arctrm
