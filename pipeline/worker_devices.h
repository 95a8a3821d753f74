// SPDX-License-Identifier: MIT
// The devices of a job that is led from here, and how workers on them are
// started.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "base/subprocess.h"
#include "nlohmann/json.hpp"
#include "pipeline/worker_engine.h"
#include "solver/options.h"

namespace arctrm {

class WorkerDevices {
 public:
  // Borrows `log`.
  WorkerDevices(const WorkerOptions& options, Log& log)
      : options_(options), log_(log) {}

  // Looks up what `device` names, once.
  absl::Status Find(const DeviceOptions& device);
  // What is still used of it: devices are given up as their workers fail.
  std::vector<std::string>& list() { return list_; }
  const std::vector<std::string>& list() const { return list_; }
  const DeviceInfo& info() const { return info_; }  // of the first one
  double start_s() const { return start_s_; }       // of a worker, measured

  // A worker as it is started: pipes, and a file for what it says.
  SubprocessOptions Command() const;
  std::string ErrorFile() const;
  // Threads of each worker on a processor when all devices have one.
  int ThreadsEach(const DeviceOptions& device) const;
  // Sends `request` to a worker of its own, gives its one answer.
  absl::StatusOr<nlohmann::json> Ask(const nlohmann::json& request,
                                     absl::Duration patience);

  Log& log() { return log_; }
  // Logged, and kept for TakeWarnings().
  void Warn(const std::string& line);
  std::vector<std::string> TakeWarnings() {
    return std::exchange(warnings_, {});
  }

 private:
  const WorkerOptions options_;
  Log& log_;
  std::vector<std::string> list_;
  DeviceInfo info_;
  double start_s_ = 0;
  std::vector<std::string> warnings_;
};

}  // namespace arctrm
