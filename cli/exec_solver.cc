// SPDX-License-Identifier: MIT
// RunModelCommand of the front end: becomes the solver program.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/time_budget.h"
#include "cli/command_files.h"
#include "cli/execute_run.h"
#include "cli/model_command.h"
#include "cli/program.h"
#include "pipeline/idle_engine.h"

namespace arctrm {
namespace {

// The words this process was started with, the program's name included.
absl::StatusOr<std::vector<std::string>> CommandLine() {
  ARCTRM_ASSIGN_OR_RETURN(const std::string text,
                          ReadFile("/proc/self/cmdline"));
  std::vector<std::string> words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\0', begin);
    words.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return words;
}

absl::Status BecomeSolver() {
  ARCTRM_ASSIGN_OR_RETURN(std::vector<std::string> words, CommandLine());
  ARCTRM_ASSIGN_OR_RETURN(const std::string solver, FindSolver());
  // Threads that spin while they wait make small steps many times slower on a
  // shared machine, and the OpenMP library reads this only when it is loaded.
  if (setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0) != 0) {
    return ErrnoStatus(errno, "setting", "OMP_WAIT_POLICY");
  }
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(solver.c_str(), argv.data());
  return absl::UnavailableError(
      std::string(ErrnoStatus(errno, "starting", solver).message()));
}

// The limit that a command has; infinite for those without one.
absl::Duration LimitOf(const ModelCommand& command) {
  return std::visit(
      [](const auto& flags) {
        if constexpr (requires { flags.time_limit; }) {
          return flags.time_limit;
        } else {
          return absl::InfiniteDuration();
        }
      },
      command);
}

// What a command does in less time than LibTorch takes to load.
int RunWithoutSolver(const ModelCommand& command) {
  const RunFlags* run = std::get_if<RunFlags>(&command);
  if (run == nullptr) {
    std::fputs(
        "error: the time limit is shorter than loading the solver takes; "
        "nothing was done\n",
        stderr);
    return kExitStopped;
  }
  InstallStopSignals();
  return RunGuarded(*run, [run](Log& log) -> absl::StatusOr<int> {
    const std::unique_ptr<Engine> engine = MakeIdleEngine();
    return RunJobCommand(*run, *engine, log);
  });
}

}  // namespace

int RunModelCommand(const ModelCommand& command) {
  if (!WorthLoadingSolver(DeadlineOf(LimitOf(command)))) {
    return RunWithoutSolver(command);
  }
  return ReportError(BecomeSolver());
}

}  // namespace arctrm
