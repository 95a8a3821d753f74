// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm score`: compares a submission with solutions.
struct ScoreFlags {
  std::string solutions;
  std::vector<std::string> challenges;  // empty: not checked
  std::string submission;
  bool json = false;
  bool tasks = false;
  CommonFlags common;
};

CLI::App* AddScoreCommand(CLI::App& app, ScoreFlags& flags);
int RunScore(const ScoreFlags& flags);

}  // namespace arctrm
