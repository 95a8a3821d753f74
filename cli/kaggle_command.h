// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/flags.h"
#include "cli/run_command.h"

namespace arctrm {

// `arctrm kaggle run` and `arctrm kaggle plan`, which have the same options.
struct KaggleFlags {
  std::string input = "/kaggle/input";
  std::string working = "/kaggle/working";
  std::string competition;  // "": any
  std::string out;          // "": submission.json in the working folder
  std::string report;
  std::string checkpoint;
  std::vector<std::string> train_on;
  absl::Duration limit = absl::Hours(12);
  absl::Duration safety = absl::Minutes(10);
  int64_t started = 0;  // seconds since 1970; 0: now
  int64_t steps = 0;
  int augmentations = -1;
  std::string room = "2GiB";  // free space that a scratch folder should have
  CommonFlags common;
};
struct KaggleCommands {
  KaggleFlags run;
  KaggleFlags plan;
};

CLI::App* AddKaggleCommand(CLI::App& app, KaggleCommands& flags);

// Carried out by the front end as the leader of workers. Return exit codes.
int RunKaggleRun(const KaggleFlags& flags);
int RunKagglePlan(const KaggleFlags& flags);

// `arctrm run` on several devices, with workers too. Returns the exit code.
int RunOnDevices(const RunFlags& flags);

}  // namespace arctrm
