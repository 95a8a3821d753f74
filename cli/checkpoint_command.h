// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm checkpoint info`: describes a checkpoint.
struct CheckpointInfoFlags {
  std::string checkpoint;
  bool json = false;
  CommonFlags common;
};

// `arctrm checkpoint import`: makes a checkpoint from Python's weights.
struct CheckpointImportFlags {
  std::string weights;
  std::string out;
  std::string identifiers;
  std::string set;  // --weights
  CommonFlags common;
};

// `arctrm checkpoint export`: writes the weights without the resume state.
struct CheckpointExportFlags {
  std::string checkpoint;
  std::string out;
  bool mean_row = false;
  std::string prefix;
  // True if `out` names one file, in a form that Python reads.
  bool ToFile() const;
  CommonFlags common;
};

// `arctrm checkpoint average`: averages weights.
struct CheckpointAverageFlags {
  std::vector<std::string> checkpoints;
  std::string out;
  CommonFlags common;
};

// All commands of `arctrm checkpoint`.
struct CheckpointFlags {
  CheckpointInfoFlags info;
  CheckpointImportFlags import_flags;
  CheckpointExportFlags export_flags;
  CheckpointAverageFlags average;
};

CLI::App* AddCheckpointCommand(CLI::App& app, CheckpointFlags& flags);
int RunCheckpointInfo(const CheckpointInfoFlags& flags);
// Exports to a folder. A file needs the model (RunModelCommand).
int RunCheckpointExport(const CheckpointExportFlags& flags);
int RunCheckpointAverage(const CheckpointAverageFlags& flags);

}  // namespace arctrm
