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
// CLI11 leaves options of the nameless group out of the help.
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
  // Who has closed the pipe wants no more.
  if (status.ok() || absl::IsAborted(status)) return absl::OkStatus();
  // Not the user's input: an internal error by exit code.
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

int MostThreads() {
  constexpr int kAnywhere = 64;
  return std::max(kAnywhere,
                  2 * static_cast<int>(std::thread::hardware_concurrency()));
}

void AddCommonFlags(CLI::App& command, CommonUse use, CommonFlags& flags) {
  AddIntegerFlag(command, "--seed", flags.seed, 0,
                 std::numeric_limits<uint64_t>::max(),
                 "Seed of every random choice")
      ->default_str("0")
      ->group(use.seed ? kGroup : kHidden);
  AddIntegerFlag(command, "--threads", flags.threads_asked, 0, kMaxThreads,
                 "CPU threads; 0: all of them")
      ->default_str("0")
      ->each([&flags](const std::string& text) {
        int asked = 0;
        if (!absl::SimpleAtoi(text, &asked)) return;  // refused after this
        flags.threads = std::min(asked, MostThreads());
      })
      ->group(use.threads ? kGroup : kHidden);
  if (use.model) {
    command
        .add_option("--device", flags.device,
                    "auto, cpu, cuda, cuda:1 or cuda:0,1")
        ->type_name("NAME")
        ->check(CLI::Validator(
            [](const std::string& name) {
              // CLI11 puts the option's name before it.
              const absl::Status status = DeviceList(name, 0).status();
              return std::string(
                  absl::StripPrefix(status.message(), "--device "));
            },
            ""))
        ->capture_default_str()
        ->group(kGroup);
    command
        .add_option("--recipe", flags.recipe,
                    "Settings to start from: a built-in name or a file")
        ->type_name("NAME|FILE")
        ->group(kGroup);
    command
        .add_option("--set", flags.set,
                    "One setting over the recipe, e.g. "
                    "train.learning_rate=1e-4; repeatable")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->group(kGroup);
    command
        .add_option("--work", flags.work,
                    "Folder for logs, metrics and resume state (default: "
                    "OUT.run beside the output)")
        ->type_name("DIR")
        ->group(use.work ? kGroup : kHidden);
  }
  AddSwitch(command, "--overwrite", flags.overwrite,
            "Replace a finished run, and files that arctrm did not make")
      ->group(use.writes ? kGroup : kHidden);
  command.add_option("--log", flags.log, "Keep the full log in this file")
      ->type_name("FILE")
      ->group(kGroup);
  AddSwitch(command, "--quiet", flags.quiet,
            "Only warnings and errors on standard error")
      ->group(kGroup);
}

CLI::Option* AddChallengesFlag(CLI::App& command,
                               std::vector<std::string>& paths) {
  return command
      .add_option("--challenges", paths,
                  "Tasks to solve: a Kaggle challenges file, a folder of task "
                  "files and of such folders, one task file, or JSON lines; "
                  "FILE#SET for one of several sets in a file")
      ->type_name("F");
}

CLI::Option* AddStartWeightsFlag(CLI::App& command, std::string& path) {
  return command
      .add_option(
          "--checkpoint", path,
          "Weights to start from: a checkpoint folder or its weights file")
      ->type_name("F");
}

CLI::Option* AddWeightsFlag(CLI::App& command, const std::string& name,
                            std::string& path) {
  return command
      .add_option(name, path, "A checkpoint folder or its weights file")
      ->type_name("F")
      ->required();
}

CLI::Option* AddTrainOnFlag(CLI::App& command,
                            std::vector<std::string>& paths) {
  return command
      .add_option("--train-on", paths,
                  "More tasks, whose demonstrations and test pairs are "
                  "trained on")
      ->type_name("F[=SOLUTIONS]");
}

CLI::Option* AddAugmentationsFlag(CLI::App& command, int& augmentations) {
  return AddIntegerFlag(command, "--augmentations", augmentations, 0,
                        kMaxAugmentations,
                        "Copies of every task beside itself (default: "
                        "planned)");
}

CLI::Option* AddSubmissionOutFlag(CLI::App& command, std::string& path) {
  return command.add_option("--out", path, "The submission to write")
      ->type_name("F.json")
      ->required();
}

CLI::Option* AddCheckpointOutFlag(CLI::App& command, std::string& path) {
  return command.add_option("--out", path, "The checkpoint folder to write")
      ->type_name("DIR")
      ->required();
}

CLI::Option* AddReportFlag(CLI::App& command, std::string& path) {
  return command.add_option("--report", path, "Write an HTML report here")
      ->type_name("F.html");
}

CLI::Option* AddTimeLimitFlag(CLI::App& command, absl::Duration& limit,
                              const std::string& what) {
  return AddDurationFlag(
      command, "--time-limit", limit,
      absl::StrCat("Wall-clock time", what,
                   ", e.g. 90s, 20m, 11h30m; never overrun"));
}

CLI::Option* AddStepsFlag(CLI::App& command, int64_t& steps) {
  return AddIntegerFlag(
      command, "--steps", steps, 1, std::numeric_limits<int64_t>::max(),
      "Optimiser steps instead of a time limit: the same build, device, seed "
      "and threads give the same bytes");
}

CLI::Option* AddResumeTrainingFlag(CLI::App& command, bool& resume) {
  return AddSwitch(command, "--resume", resume,
                   "Go on with the training that --out holds");
}

CLI::Option* AddJsonFlag(CLI::App& command, bool& json) {
  return AddSwitch(command, "--json", json, "One JSON document");
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
  // What is refused leaves no log either.
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
