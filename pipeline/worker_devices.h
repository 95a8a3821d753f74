// SPDX-License-Identifier: MIT
// The devices of a run, and how workers are started on them.
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

  // Looks up the devices that `device` names. Later calls do nothing.
  absl::Status Find(const DeviceOptions& device);
  // The devices in use. Those whose workers fail repeatedly are removed.
  std::vector<std::string>& list() { return list_; }
  const std::vector<std::string>& list() const { return list_; }
  const DeviceInfo& info() const { return info_; }  // of the first device
  double start_s() const { return start_s_; }  // start of a worker, measured

  // How to start a worker: program, pipes, and a file for its standard error.
  SubprocessOptions Command() const;
  std::string ErrorFile() const;
  // Threads of each worker if all devices are CPUs.
  int ThreadsEach(const DeviceOptions& device) const;
  // Starts a worker for `request` and returns its only answer. DeadlineExceeded
  // after `patience`; errors of the worker.
  absl::StatusOr<nlohmann::json> Ask(const nlohmann::json& request,
                                     absl::Duration patience);

  Log& log() { return log_; }
  // Logs the warning and keeps it for TakeWarnings().
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
