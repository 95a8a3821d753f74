// SPDX-License-Identifier: MIT
// RunModelCommand of the front end: replaces this process by arctrm-solver.
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

// Returns the command line of this process, including the program's name.
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
  // Spinning threads make small steps many times slower on a shared machine.
  // The OpenMP library reads this variable only while it is loaded.
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

// Returns the time limit of a command; infinite if it has none.
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

// Carries out a command whose time limit is too short to load LibTorch.
int RunWithoutSolver(const ModelCommand& command) {
  const RunFlags* run = std::get_if<RunFlags>(&command);
  if (run == nullptr) {
    std::fputs(
        "error: the time limit is too short to load the solver; "
        "nothing was done\n",
        stderr);
    return kExitStopped;
  }
  InstallStopSignals();
  return RunGuarded(*run, [run](Log& log) -> absl::StatusOr<int> {
    const std::unique_ptr<Engine> engine = MakeIdleEngine();
    return ExecuteRunCommand(*run, *engine, log);
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
