// SPDX-License-Identifier: MIT
// Logs that keep their lines, or stop the run.
#pragma once

#include <signal.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/stop.h"

namespace arctrm {

class RecordingLog : public Log {
 public:
  void Info(absl::string_view line) override { infos.emplace_back(line); }
  void Warning(absl::string_view line) override { warnings.emplace_back(line); }
  void Error(absl::string_view line) override { errors.emplace_back(line); }
  void Progress(absl::string_view line) override {
    progress.emplace_back(line);
  }
  void EndProgress() override {}

  std::vector<std::string> infos;
  std::vector<std::string> warnings;
  std::vector<std::string> errors;
  std::vector<std::string> progress;
};

// Requests a stop at the first progress line that begins with `prefix`.
class StoppingLog : public Log {
 public:
  explicit StoppingLog(std::string prefix) : prefix_(std::move(prefix)) {}
  void Info(absl::string_view) override {}
  void Warning(absl::string_view) override {}
  void Error(absl::string_view) override {}
  void Progress(absl::string_view line) override {
    if (absl::StartsWith(line, prefix_)) RequestStop(SIGTERM);
  }
  void EndProgress() override {}

 private:
  const std::string prefix_;
};

inline StoppingLog StopAtStep(int step) {
  return StoppingLog(absl::StrCat("train  step ", step, "/"));
}
inline StoppingLog StopAtVoting() { return StoppingLog("vote"); }

}  // namespace arctrm
