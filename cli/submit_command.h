// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm submit`: merges submissions.
struct SubmitFlags {
  std::vector<std::string> merge;  // "F" or "F:weight"
  std::vector<std::string> challenges;
  std::string out;
  CommonFlags common;
};

CLI::App* AddSubmitCommand(CLI::App& app, SubmitFlags& flags);
int RunSubmit(const SubmitFlags& flags);

}  // namespace arctrm
