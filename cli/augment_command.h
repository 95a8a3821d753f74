// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm augment`: makes a dataset from tasks.
struct AugmentFlags {
  std::vector<std::string> train_on;  // "F" or "F=SOLUTIONS"
  std::vector<std::string> challenges;
  std::string out;
  int augmentations = 1000;
  int canvas_side = 0;    // 0: fit to the tasks
  int canvas_margin = 0;  // cells beyond the largest known grid and its border
  bool json = false;
  CommonFlags common;
};

CLI::App* AddAugmentCommand(CLI::App& app, AugmentFlags& flags);
int RunAugment(const AugmentFlags& flags);

}  // namespace arctrm
