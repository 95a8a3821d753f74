// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm settings`: lists the settings of recipes and --set.
struct SettingsFlags {
  std::string recipe;  // "": the defaults
  CommonFlags common;
};

CLI::App* AddSettingsCommand(CLI::App& app, SettingsFlags& flags);
int RunSettings(const SettingsFlags& flags);

}  // namespace arctrm
