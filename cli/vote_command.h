// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm vote`: chooses two attempts for every test input from ballots.
struct VoteFlags {
  std::vector<std::string> ballots;  // "F" or "F:weight"
  std::vector<std::string> challenges;
  std::string out;
  CommonFlags common;
};

CLI::App* AddVoteCommand(CLI::App& app, VoteFlags& flags);
int RunVote(const VoteFlags& flags);

}  // namespace arctrm
