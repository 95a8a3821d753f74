// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm settings`: what recipes and --set can say.
struct SettingsFlags {
  std::string recipe;  // "": the defaults
  CommonFlags common;
};

CLI::App* AddSettingsCommand(CLI::App& app, SettingsFlags& flags);
int RunSettings(const SettingsFlags& flags);

}  // namespace arctrm
