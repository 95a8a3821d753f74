// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// Draws what a file holds.
struct ShowFlags {
  std::string path;
  std::vector<std::string> tasks;  // ids; empty: all
  std::string solutions;           // "": what the file knows
  std::string color = "auto";
  CommonFlags common;
};

CLI::App* AddShowCommand(CLI::App& app, ShowFlags& flags);
int RunShow(const ShowFlags& flags);

}  // namespace arctrm
