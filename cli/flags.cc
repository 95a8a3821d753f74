// SPDX-License-Identifier: MIT
#include "cli/flags.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/clock.h"
#include "base/exceptions.h"
#include "base/printable.h"
#include "base/status.h"
#include "base/stream.h"
#include "solver/device_list.h"

namespace arctrm {
namespace {

constexpr char kGroup[] = "Common options";
// CLI11 omits options of the nameless group from the help.
constexpr char kHidden[] = "";
constexpr int kMaxThreads = 4096;

template <typename T>
CLI::Option* AddInteger(CLI::App& command, const std::string& name, T& value,
                        T min, T max, const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [name, &value, min, max](const std::string& text) {
            T number = 0;
            if (!absl::SimpleAtoi(text, &number) || number < min ||
                number > max) {
              throw CLI::ValidationError(
                  name, absl::StrCat("expected an integer from ", min, " to ",
                                     max, ", found '", text, "'"));
            }
            value = number;
          },
          help)
      ->type_name("N");
}

absl::Status PrintAsItIs(const std::string& text) {
  const absl::Status status = WriteWholeStream(STDOUT_FILENO, text);
  // Aborted: the reader has closed the pipe.
  if (status.ok() || absl::IsAborted(status)) return absl::OkStatus();
  // Unavailable gives the exit code of an internal error.
  return absl::UnavailableError(
      absl::StrCat("writing standard output: ", status.message()));
}

}  // namespace

CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name,
                            int& value, int min, int max,
                            const std::string& help) {
  return AddInteger(command, name, value, min, max, help);
}

CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name,
                            int64_t& value, int64_t min, int64_t max,
                            const std::string& help) {
  return AddInteger(command, name, value, min, max, help);
}

CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name,
                            uint64_t& value, uint64_t min, uint64_t max,
                            const std::string& help) {
  return AddInteger(command, name, value, min, max, help);
}

CLI::Option* AddSwitch(CLI::App& command, const std::string& name, bool& value,
                       const std::string& help) {
  return command.add_flag(name, value, help)->disable_flag_override();
}

int MaxThreads() {
  constexpr int kAlwaysAllowed = 64;
  return std::max(kAlwaysAllowed,
                  2 * static_cast<int>(std::thread::hardware_concurrency()));
}

void AddCommonFlags(CLI::App& command, CommonUse use, CommonFlags& flags) {
  AddIntegerFlag(command, "--seed", flags.seed, 0,
                 std::numeric_limits<uint64_t>::max(),
                 "Seed of all random choices")
      ->default_str("0")
      ->group(use.seed ? kGroup : kHidden);
  AddIntegerFlag(command, "--threads", flags.threads_asked, 0, kMaxThreads,
                 "Number of CPU threads; 0 uses all processors")
      ->default_str("0")
      ->each([&flags](const std::string& text) {
        int asked = 0;
        if (!absl::SimpleAtoi(text, &asked)) return;  // the parser refuses it
        flags.threads = std::min(asked, MaxThreads());
      })
      ->group(use.threads ? kGroup : kHidden);
  if (use.model) {
    command
        .add_option("--device", flags.device,
                    "Device of the model: auto (a GPU if there is one), cpu, "
                    "cuda or cuda:1; `run` and `kaggle` also take lists such "
                    "as cuda:0,1")
        ->type_name("NAME")
        ->check(CLI::Validator(
            [](const std::string& name) {
              // CLI11 adds the option's name itself.
              const absl::Status status = DeviceList(name, 0).status();
              return std::string(
                  absl::StripPrefix(status.message(), "--device "));
            },
            ""))
        ->capture_default_str()
        ->group(kGroup);
    command
        .add_option("--recipe", flags.recipe,
                    absl::StrCat("Settings to start from: a built-in recipe or "
                                 "a file (default: ",
                                 use.recipe, ")"))
        ->type_name("NAME|FILE")
        ->group(kGroup);
    command
        .add_option("--set", flags.set,
                    "Override one setting of the recipe, e.g. "
                    "train.learning_rate=1e-4; repeatable")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->group(kGroup);
    command
        .add_option("--work", flags.work,
                    "Work folder, for metrics, checkpoints and resuming "
                    "(default: the output's name with .run added)")
        ->type_name("DIR")
        ->group(use.work ? kGroup : kHidden);
  }
  AddSwitch(command, "--overwrite", flags.overwrite,
            "Replace finished runs, weights, votes, and files that arctrm did "
            "not make")
      ->group(use.writes ? kGroup : kHidden);
  command.add_option("--log", flags.log, "Append the full log to this file")
      ->type_name("FILE")
      ->group(kGroup);
  AddSwitch(command, "--quiet", flags.quiet,
            "Print only warnings and errors on standard error")
      ->group(kGroup);
}

CLI::Option* AddChallengesFlag(CLI::App& command,
                               std::vector<std::string>& paths) {
  return command
      .add_option("--challenges", paths,
                  "Tasks to solve: Kaggle challenges files, task files, JSON "
                  "lines, or folders of task files, also in subfolders; "
                  "FILE#SET selects one of several sets in a file")
      ->type_name("F");
}

CLI::Option* AddStartWeightsFlag(CLI::App& command, std::string& path) {
  return command
      .add_option(
          "--checkpoint", path,
          "Weights to start from: a checkpoint folder or its weights file "
          "(default: random weights)")
      ->type_name("F");
}

CLI::Option* AddWeightsFlag(CLI::App& command, const std::string& name,
                            std::string& path) {
  return command
      .add_option(name, path, "Checkpoint folder or its weights file")
      ->type_name("F")
      ->required();
}

CLI::Option* AddTrainOnFlag(CLI::App& command,
                            std::vector<std::string>& paths) {
  return command
      .add_option("--train-on", paths,
                  "More tasks to train on, including their test pairs")
      ->type_name("F[=SOLUTIONS]");
}

CLI::Option* AddWeightedFlag(CLI::App& command, const std::string& name,
                             std::vector<std::string>& paths,
                             const std::string& help) {
  return command.add_option(name, paths, help)
      ->type_name("F[:WEIGHT]")
      ->required();
}

CLI::Option* AddAugmentationsFlag(CLI::App& command, int& augmentations) {
  return AddIntegerFlag(command, "--augmentations", augmentations, 0,
                        kMaxAugmentations,
                        "Augmentations of each task, besides the task itself "
                        "(default: as many as the time or steps allow)");
}

CLI::Option* AddSubmissionOutFlag(CLI::App& command, std::string& path) {
  return command.add_option("--out", path, "Submission file to write")
      ->type_name("F.json")
      ->required();
}

CLI::Option* AddCheckpointOutFlag(CLI::App& command, std::string& path) {
  return command.add_option("--out", path, "Checkpoint folder to write")
      ->type_name("DIR")
      ->required();
}

CLI::Option* AddReportFlag(CLI::App& command, std::string& path) {
  return command
      .add_option("--report", path, "HTML report to write (default: none)")
      ->type_name("F.html");
}

CLI::Option* AddTimeLimitFlag(CLI::App& command, absl::Duration& limit,
                              const std::string& what) {
  return AddDurationFlag(
      command, "--time-limit", limit,
      absl::StrCat(
          "Wall-clock time limit", what,
          ", e.g. 90s, 20m or 11h30m; includes start-up and writing results "
          "(default: none)"));
}

CLI::Option* AddStepsFlag(CLI::App& command, int64_t& steps) {
  return AddIntegerFlag(
      command, "--steps", steps, 1, std::numeric_limits<int64_t>::max(),
      "Maximum number of optimiser steps; without --time-limit the same build, "
      "seed and threads give the same bytes on a CPU");
}

CLI::Option* AddResumeTrainingFlag(CLI::App& command, bool& resume) {
  return AddSwitch(command, "--resume", resume,
                   "Continue the training in --out");
}

CLI::Option* AddJsonFlag(CLI::App& command, bool& json) {
  return AddSwitch(command, "--json", json, "Print one JSON document");
}

CLI::Option* AddDurationFlag(CLI::App& command, const std::string& names,
                             absl::Duration& value, const std::string& help) {
  return command
      .add_option_function<std::string>(
          names,
          [names, &value](const std::string& text) {
            absl::StatusOr<absl::Duration> duration = ParseDuration(text);
            if (!duration.ok()) {
              throw CLI::ValidationError(
                  names, std::string(duration.status().message()));
            }
            value = *duration;
          },
          help)
      ->type_name("DURATION");
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitDone;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kDataLoss:
      return kExitUsage;
    case absl::StatusCode::kCancelled:
      return kExitStopped;
    default:
      return kExitInternalError;
  }
}

int ReportError(const absl::Status& status) {
  WriteWholeStream(
      STDERR_FILENO,
      absl::StrCat("error: ", Printable(status.message(), LineFeeds::kIndented),
                   "\n"))
      .IgnoreError();
  return ExitCodeOf(status);
}

int RunLogged(const CommonFlags& flags,
              const std::function<absl::StatusOr<int>(Log&)>& body) {
  LogOptions options;
  options.quiet = flags.quiet;
  options.file = flags.log;
  options.hold = true;
  absl::StatusOr<std::unique_ptr<Log>> log = OpenLog(options);
  if (!log.ok()) return ReportError(log.status());
  if (flags.threads < flags.threads_asked) {
    (*log)->Warning(
        absl::StrCat("--threads ", flags.threads_asked, ": this machine has ",
                     std::thread::hardware_concurrency(), " processors; ",
                     flags.threads, " threads are used"));
  }
  const absl::StatusOr<int> code =
      CatchExceptions("this command", [&] { return body(**log); });
  (*log)->EndProgress();
  const int exit_code = code.ok() ? *code : ExitCodeOf(code.status());
  // A refused command leaves no log.
  if (code.ok() || exit_code != kExitUsage) (*log)->Begin();
  if (!code.ok()) (*log)->Error(code.status().message());
  return exit_code;
}

absl::Status PrintResult(absl::string_view text) {
  return PrintAsItIs(Printable(text, LineFeeds::kKept));
}

absl::Status PrintDrawing(absl::string_view text) {
  return PrintAsItIs(PrintableDrawing(text));
}

}  // namespace arctrm
