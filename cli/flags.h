// SPDX-License-Identifier: MIT
// Shared parts of the commands: common options, exit codes, output of results
// and errors.
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
  // Done as requested, also if a time limit ended the work as planned.
  kExitDone = 0,
  kExitInternalError = 1,
  // Wrong usage or input; nothing was overwritten.
  kExitUsage = 2,
  // Stopped by a signal or a short limit; the output is valid.
  kExitStopped = 3,
};

// Maximum of --augmentations.
inline constexpr int kMaxAugmentations = 1000000;

// The options that all commands share.
struct CommonFlags {
  uint64_t seed = 0;
  // CPU threads, at most MaxThreads(); 0: all.
  int threads = 0;
  int threads_asked = 0;  // as given on the command line
  // "auto", "cpu", "cuda", "cuda:1", "cuda:0,1".
  std::string device = "auto";
  // Name of a built-in recipe or path of a file; "" for the default.
  std::string recipe;
  // "key=value" each; they override the recipe, and the last one wins.
  std::vector<std::string> set;
  // Work folder; "": beside the output.
  std::string work;
  // File to which the full log is appended; "": none.
  std::string log;
  bool quiet = false;
  // Allows replacing finished runs and files that arctrm did not make.
  bool overwrite = false;
};

// The common options that a command uses. Every command accepts --seed,
// --threads, --overwrite, --log and --quiet, so that a script can pass them to
// all, but its help lists only those that it uses.
struct CommonUse {
  bool seed = false;
  bool threads = false;
  // --device, --recipe and --set, for commands with a model. They accept --work
  // too.
  bool model = false;
  bool work = false;
  // --overwrite, for commands that write more than a log.
  bool writes = false;
  // The default of --recipe, for the help.
  const char* recipe = "arc on a GPU, small on a CPU";
};
// All of them, for the commands that train.
inline constexpr CommonUse kTrainingUse = {
    .seed = true, .threads = true, .model = true, .work = true, .writes = true};
// The maximum of CommonFlags::threads. More threads only slow each other down.
int MaxThreads();

void AddCommonFlags(CLI::App& command, CommonUse use, CommonFlags& flags);

// The functions below add options that several commands have.

// "--challenges F…".
CLI::Option* AddChallengesFlag(CLI::App& command,
                               std::vector<std::string>& paths);

// "--checkpoint F", the weights from which training starts.
CLI::Option* AddStartWeightsFlag(CLI::App& command, std::string& path);
// `name` with a checkpoint as its value; required.
CLI::Option* AddWeightsFlag(CLI::App& command, const std::string& name,
                            std::string& path);
// "--train-on F[=SOLUTIONS]…", tasks besides those to solve.
CLI::Option* AddTrainOnFlag(CLI::App& command, std::vector<std::string>& paths);
// "NAME F[:WEIGHT]…" for files to merge; required.
CLI::Option* AddWeightedFlag(CLI::App& command, const std::string& name,
                             std::vector<std::string>& paths,
                             const std::string& help);
// "--augmentations N"; without it `augmentations` keeps its value, and the run
// plans them.
CLI::Option* AddAugmentationsFlag(CLI::App& command, int& augmentations);
// "--out F.json" for a submission, "--out DIR" for a checkpoint; required.
CLI::Option* AddSubmissionOutFlag(CLI::App& command, std::string& path);
CLI::Option* AddCheckpointOutFlag(CLI::App& command, std::string& path);
// "--report F.html" of a run.
CLI::Option* AddReportFlag(CLI::App& command, std::string& path);
// "--time-limit D". `what`: the work that it limits, such as " of the whole
// run".
CLI::Option* AddTimeLimitFlag(CLI::App& command, absl::Duration& limit,
                              const std::string& what = "");
// "--steps N".
CLI::Option* AddStepsFlag(CLI::App& command, int64_t& steps);
// "--resume", for the training in "--out".
CLI::Option* AddResumeTrainingFlag(CLI::App& command, bool& resume);
// "--json".
CLI::Option* AddJsonFlag(CLI::App& command, bool& json);

// "NAME N", an integer from `min` to `max` inclusive; anything else is a usage
// error. (CLI11 itself lets -1 wrap round and large numbers overflow.)
CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name,
                            int& value, int min, int max,
                            const std::string& help);
CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name,
                            int64_t& value, int64_t min, int64_t max,
                            const std::string& help);
CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name,
                            uint64_t& value, uint64_t min, uint64_t max,
                            const std::string& help);

// "NAME" without a value; sets `value` to true.
CLI::Option* AddSwitch(CLI::App& command, const std::string& name, bool& value,
                       const std::string& help);

// "NAME D", a duration that ParseDuration accepts; anything else is a usage
// error.
CLI::Option* AddDurationFlag(CLI::App& command, const std::string& names,
                             absl::Duration& value, const std::string& help);

// Returns kExitDone for OK, kExitUsage for errors that the user can correct
// (arguments, files, folders), kExitStopped for Cancelled, and
// kExitInternalError for the rest.
int ExitCodeOf(const absl::Status& status);
// Prints "error: …" to standard error and returns ExitCodeOf(status).
int ReportError(const absl::Status& status);

// Opens the log of `flags`, calls `body` with it, and turns an error into a
// line of that log and an exit code. The log file is written only when `body`
// calls Begin() or ends; an error of kExitUsage before that leaves no file.
int RunLogged(const CommonFlags& flags,
              const std::function<absl::StatusOr<int>(Log&)>& body);

// Writes `text` to standard output; a partial write is an error. Escapes
// control characters other than line feeds, so JSON must be ASCII.
absl::Status PrintResult(absl::string_view text);
// As PrintResult, for text with colours (PrintableDrawing).
absl::Status PrintDrawing(absl::string_view text);

}  // namespace arctrm
