// SPDX-License-Identifier: MIT
// What the subcommands share: common options, exit codes, how results and
// errors leave the program.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/log.h"

namespace arctrm {

enum ExitCode {
  // As asked; also when a time limit was used up as planned.
  kExitDone = 0,
  kExitInternalError = 1,
  // Wrong usage or input; nothing was overwritten.
  kExitUsage = 2,
  // A signal or too short a limit; the output is valid all the same.
  kExitStopped = 3,
};

// Most copies of a task that can be asked for.
inline constexpr int kMaxAugmentations = 1000000;

// Options that mean the same wherever they stand.
struct CommonFlags {
  uint64_t seed = 0;
  // CPU threads; 0: all. At most MostThreads(), however many were asked for.
  int threads = 0;
  int threads_asked = 0;
  // "auto", "cpu", "cuda", "cuda:1", "cuda:0,1".
  std::string device = "auto";
  // Name of a built-in recipe or path of a file; "" for the default.
  std::string recipe;
  // "key=value" over the recipe, later ones win.
  std::vector<std::string> set;
  // Folder for everything but the result; "": beside the output.
  std::string work;
  // Full log here too; "" for none.
  std::string log;
  bool quiet = false;
  // Files that arctrm did not make, and finished runs, may be replaced.
  bool overwrite = false;
};

// What a command makes of the common options. Every command takes --seed,
// --threads, --overwrite, --log and --quiet, so that a script can pass them to
// all of them, but its help lists only those that it uses.
struct CommonUse {
  bool seed = false;
  bool threads = false;
  // --device, --recipe, --set: commands with a model. They take --work too.
  bool model = false;
  bool work = false;
  // --overwrite: commands that write more than a log.
  bool writes = false;
};
// More threads than this only stand in each other's way.
int MostThreads();

void AddCommonFlags(CLI::App& command, CommonUse use, CommonFlags& flags);

// "--challenges F…", as every command with such an option reads it.
CLI::Option* AddChallengesFlag(CLI::App& command,
                               std::vector<std::string>& paths);

// What several commands have with the same meaning, as all of them read it.
// "--checkpoint F", the weights that training begins with.
CLI::Option* AddStartWeightsFlag(CLI::App& command, std::string& path);
// "--checkpoint F" or another name, the weights that a command is about;
// required.
CLI::Option* AddWeightsFlag(CLI::App& command, const std::string& name,
                            std::string& path);
// "--train-on F[=SOLUTIONS]…", beside the tasks to solve.
CLI::Option* AddTrainOnFlag(CLI::App& command, std::vector<std::string>& paths);
// "--augmentations N", copies of every task; as it is where they are planned.
CLI::Option* AddAugmentationsFlag(CLI::App& command, int& augmentations);
// "--out F.json" for a submission, "--out DIR" for a checkpoint; required.
CLI::Option* AddSubmissionOutFlag(CLI::App& command, std::string& path);
CLI::Option* AddCheckpointOutFlag(CLI::App& command, std::string& path);
// "--report F.html" of a whole job.
CLI::Option* AddReportFlag(CLI::App& command, std::string& path);
// "--time-limit D"; `what` of a command's work it holds for, such as " for
// everything".
CLI::Option* AddTimeLimitFlag(CLI::App& command, absl::Duration& limit,
                              const std::string& what = "");
// "--steps N" instead of it.
CLI::Option* AddStepsFlag(CLI::App& command, int64_t& steps);
// "--resume" of the training in "--out".
CLI::Option* AddResumeTrainingFlag(CLI::App& command, bool& resume);
// "--json" for the whole result.
CLI::Option* AddJsonFlag(CLI::App& command, bool& json);

// "NAME N", an integer from `min` to `max`, both allowed; anything else is a
// usage error (CLI11 lets -1 wrap round and large numbers overflow).
CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name,
                            int& value, int min, int max,
                            const std::string& help);
CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name,
                            int64_t& value, int64_t min, int64_t max,
                            const std::string& help);
CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name,
                            uint64_t& value, uint64_t min, uint64_t max,
                            const std::string& help);

// "NAME" alone, true when it stands.
CLI::Option* AddSwitch(CLI::App& command, const std::string& name, bool& value,
                       const std::string& help);

// "NAME D" read by ParseDuration, a wrong one being a usage error.
CLI::Option* AddDurationFlag(CLI::App& command, const std::string& names,
                             absl::Duration& value, const std::string& help);

// kExitUsage for what the user can put right (arguments, files, folders),
// kExitInternalError for the rest, kExitDone for OK.
int ExitCodeOf(const absl::Status& status);
// "error: …" on standard error; returns ExitCodeOf(status).
int ReportError(const absl::Status& status);

// Opens the log that `flags` ask for, runs `body` with it, and turns an error
// into a line of that log and an exit code. Its file is held until `body`
// calls Begin() or has ended: with an error of kExitUsage there is none.
int RunLogged(const CommonFlags& flags,
              const std::function<absl::StatusOr<int>(Log&)>& body);

// Writes `text` to standard output, which must take all of it. What a terminal
// would act on is written out, line feeds apart: JSON has to be ASCII.
absl::Status PrintResult(absl::string_view text);
// The same of text with colours (PrintableDrawing).
absl::Status PrintDrawing(absl::string_view text);

}  // namespace arctrm
