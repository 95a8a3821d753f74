// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm validate`: checks a submission strictly.
struct ValidateFlags {
  std::vector<std::string> challenges;
  std::string submission;
  CommonFlags common;
};

CLI::App* AddValidateCommand(CLI::App& app, ValidateFlags& flags);
int RunValidate(const ValidateFlags& flags);

}  // namespace arctrm
