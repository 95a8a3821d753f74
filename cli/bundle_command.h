// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm bundle`: packs everything that a Kaggle notebook needs.
struct BundleFlags {
  std::string out;
  std::string checkpoint;
  bool keep_rows = false;
  std::string recipe;  // name or file; "": nvarc with a checkpoint, else none
  std::vector<std::string> torch;
  std::string binaries;
  std::string source;       // "": the clone that holds this program
  std::string third_party;  // "": build/third_party of the source
  std::string owner = "OWNER";
  std::string title = "arctrm bundle";
  std::string slug;
  std::string competition = "arc-prize-2025";
  std::string accelerator = "T4x2";
  CommonFlags common;
};

CLI::App* AddBundleCommand(CLI::App& app, BundleFlags& flags);
int RunBundle(const BundleFlags& flags);

}  // namespace arctrm
