// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm show`: draws the contents of a file.
struct ShowFlags {
  std::string path;
  std::vector<std::string> tasks;  // ids; empty: all
  std::string solutions;           // "": those in the file
  std::string color = "auto";
  CommonFlags common;
};

CLI::App* AddShowCommand(CLI::App& app, ShowFlags& flags);
int RunShow(const ShowFlags& flags);

}  // namespace arctrm
