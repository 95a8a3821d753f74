// SPDX-License-Identifier: MIT
#include "pipeline/worker_devices.h"

#include <algorithm>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/status.h"
#include "base/stop.h"
#include "pipeline/frames.h"
#include "pipeline/messages.h"
#include "solver/device_list.h"

namespace arctrm {
namespace {

// Time for a worker to load its libraries and describe its device.
constexpr absl::Duration kDescribePatience = absl::Minutes(3);
constexpr int kMaxDescriptions = 3;

}  // namespace

std::string WorkerDevices::ErrorFile() const {
  return JoinPath(options_.scratch, "workers.log");
}

void WorkerDevices::Warn(const std::string& line) {
  log_.Warning(line);
  warnings_.push_back(line);
}

SubprocessOptions WorkerDevices::Command() const {
  SubprocessOptions command;
  command.argv = {options_.solver, "worker"};
  command.environment = {{"OMP_WAIT_POLICY", "passive"}};
  command.pipe_input = true;
  command.pipe_output = true;
  // A worker runs without its error file if there is no room for it.
  if (MakeDirectories(options_.scratch).ok() &&
      CheckWritable(ErrorFile()).ok()) {
    command.error_file = ErrorFile();
  }
  return command;
}

absl::StatusOr<nlohmann::json> WorkerDevices::Ask(const nlohmann::json& request,
                                                  absl::Duration patience) {
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<Subprocess> worker,
                          Subprocess::Start(Command()));
  const Deadline deadline(RealClock(),
                          std::min(patience, options_.deadline.Remaining()));
  ARCTRM_RETURN_IF_ERROR(SendFrame(*worker, request.dump(), deadline));
  ARCTRM_ASSIGN_OR_RETURN(const std::string body,
                          ReceiveFrame(*worker, deadline));
  ARCTRM_ASSIGN_OR_RETURN(nlohmann::json json, ParseFrame(body));
  ARCTRM_RETURN_IF_ERROR(ErrorOf(json));
  return json;
}

absl::Status WorkerDevices::Find(const DeviceOptions& device) {
  if (!list_.empty()) return absl::OkStatus();
  // A worker knows one device; lists such as "cpu,cpu" and "cuda:0,1" are the
  // leader's.
  const std::string first = device.device.substr(0, device.device.find(','));
  TrainSpec spec;
  spec.device = {first, device.threads};
  absl::Time before = RealClock().Now();
  absl::StatusOr<nlohmann::json> described;
  for (int tries = 1;; ++tries) {
    described =
        Ask({{"kind", "describe"}, {"spec", ToJson(spec)}}, kDescribePatience);
    if (!absl::IsUnavailable(described.status()) || tries >= kMaxDescriptions ||
        StopSignal() != 0) {
      break;
    }
    Warn(absl::StrCat("looking up devices: ", described.status().message()));
    before = RealClock().Now();
  }
  ARCTRM_RETURN_IF_ERROR(described.status());
  const nlohmann::json& json = *described;
  start_s_ = absl::ToDoubleSeconds(RealClock().Now() - before);
  ARCTRM_ASSIGN_OR_RETURN(
      info_, DeviceInfoOf(json.value("device", nlohmann::json::object())));
  for (const nlohmann::json& row : json.value("machine", nlohmann::json())) {
    log_.Info(absl::StrCat(row.at(0).get<std::string>(), ": ",
                           row.at(1).get<std::string>()));
  }
  const std::string unused = json.value("unused_gpu", "");
  if (device.device == "auto" && !unused.empty()) {
    Warn(UnusedGpuText(unused));
  }
  ARCTRM_ASSIGN_OR_RETURN(
      list_, DeviceList(device.device, json.value("cuda_devices", 0)));
  absl::Status there = CheckDevicesExist(list_, json.value("cuda_devices", 0));
  if (!there.ok()) list_.clear();
  return there;
}

int WorkerDevices::ThreadsEach(const DeviceOptions& device) const {
  const int all = device.threads > 0
                      ? device.threads
                      : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, all / static_cast<int>(list_.size()));
}

}  // namespace arctrm
