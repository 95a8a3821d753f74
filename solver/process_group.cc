// SPDX-License-Identifier: MIT
#include "solver/process_group.h"

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/printable.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr int kMaxRanks = 4096;
constexpr int kMaxPort = 65535;
constexpr int kMaxRestarts = 1 << 30;

// "" if the variable is absent.
std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The integer in the variable `name`, from `low` to `high`.
absl::StatusOr<int> Number(const char* name, int low, int high) {
  const std::string text = Variable(name);
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < low || value > high) {
    const char* size =
        Variable("WORLD_SIZE").empty() ? "SLURM_STEP_NUM_TASKS" : "WORLD_SIZE";
    return absl::InvalidArgumentError(absl::StrCat(
        "the environment has ", size, "=", Variable(size), " and ",
        text.empty() ? absl::StrCat("no ", name)
                     : absl::StrCat(name, "=", text),
        "; expected ", name, " from ", low, " to ", high,
        ", as torchrun or srun sets it, or WORLD_SIZE=1 for a single process"));
  }
  return value;
}

absl::Status ReadSeconds(const char* name, absl::Duration& into) {
  const std::string text = Variable(name);
  if (text.empty()) return absl::OkStatus();
  double seconds = 0;
  if (!absl::SimpleAtod(text, &seconds) || !(seconds > 0 && seconds < 1e8)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "=", text, ": expected seconds, more than 0"));
  }
  into = absl::Seconds(seconds);
  return absl::OkStatus();
}

// The first host of a list of Slurm: "gpu[07-09,12],login" -> "gpu07".
std::string FirstHost(absl::string_view list) {
  const size_t bracket = list.find_first_of(",[");
  if (bracket == absl::string_view::npos || list[bracket] == ',') {
    return std::string(list.substr(0, bracket));
  }
  const absl::string_view numbers = list.substr(bracket + 1);
  const size_t close = numbers.find(']');
  if (close == absl::string_view::npos) return "";
  return absl::StrCat(list.substr(0, bracket),
                      numbers.substr(0, numbers.find_first_of(",-]")),
                      FirstHost(numbers.substr(close + 1)));
}

// The entry `node` of a list of Slurm: "4(x2),3" -> 4, 4, 3. 0 if there is
// none.
int TasksOfNode(const std::string& list, int node) {
  for (absl::string_view part : absl::StrSplit(list, ',')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(part, absl::ByAnyChar("(x)"), absl::SkipEmpty());
    int tasks = 0;
    int times = 1;
    if (words.empty() || words.size() > 2 ||
        !absl::SimpleAtoi(words[0], &tasks) ||
        (words.size() == 2 && !absl::SimpleAtoi(words[1], &times))) {
      return 0;
    }
    if (node < times) return tasks;
    node -= times;
  }
  return 0;
}

// Reads the variables of a job step with several tasks. MASTER_ADDR and
// MASTER_PORT have precedence.
absl::StatusOr<ProcessGroup> FromSlurm() {
  ProcessGroup group;
  ARCTRM_ASSIGN_OR_RETURN(group.size,
                          Number("SLURM_STEP_NUM_TASKS", 1, kMaxRanks));
  ARCTRM_ASSIGN_OR_RETURN(group.rank,
                          Number("SLURM_PROCID", 0, group.size - 1));
  ARCTRM_ASSIGN_OR_RETURN(group.local_rank,
                          Number("SLURM_LOCALID", 0, group.size - 1));
  int node = 0;
  if (absl::SimpleAtoi(Variable("SLURM_NODEID"), &node)) {
    group.local_size = TasksOfNode(Variable("SLURM_STEP_TASKS_PER_NODE"), node);
  }
  group.address = FirstHost(Variable("SLURM_STEP_NODELIST"));
  if (group.address.empty() && Variable("MASTER_ADDR").empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "SLURM_STEP_NODELIST=", Variable("SLURM_STEP_NODELIST"),
        " names no machine; set MASTER_ADDR to the machine of task 0"));
  }
  // The same port in all tasks, and another one in the next step of the job.
  constexpr unsigned kFirstPort = 20000;
  constexpr unsigned kPorts = 10000;
  unsigned job = 0;
  unsigned step = 0;
  (void)absl::SimpleAtoi(Variable("SLURM_JOB_ID"), &job);
  (void)absl::SimpleAtoi(Variable("SLURM_STEP_ID"), &step);
  group.port = static_cast<int>(kFirstPort + (101 * job + step) % kPorts);
  return group;
}

absl::StatusOr<ProcessGroup> FromTorchrun() {
  ProcessGroup group;
  ARCTRM_ASSIGN_OR_RETURN(group.size, Number("WORLD_SIZE", 1, kMaxRanks));
  if (group.size == 1) return group;
  ARCTRM_ASSIGN_OR_RETURN(group.rank, Number("RANK", 0, group.size - 1));
  ARCTRM_RETURN_IF_ERROR(Number("MASTER_PORT", 1, kMaxPort).status());
  group.local_rank = group.rank;
  if (!Variable("LOCAL_RANK").empty()) {
    ARCTRM_ASSIGN_OR_RETURN(group.local_rank,
                            Number("LOCAL_RANK", 0, group.size - 1));
  }
  if (!Variable("LOCAL_WORLD_SIZE").empty()) {
    ARCTRM_ASSIGN_OR_RETURN(
        group.local_size,
        Number("LOCAL_WORLD_SIZE", group.local_rank + 1, group.size));
  }
  group.launcher_listens = Variable("TORCHELASTIC_USE_AGENT_STORE") == "True";
  if (group.launcher_listens) {
    ARCTRM_ASSIGN_OR_RETURN(
        group.restart, Number("TORCHELASTIC_RESTART_COUNT", 0, kMaxRestarts));
  }
  return group;
}

}  // namespace

absl::StatusOr<ProcessGroup> ProcessGroupFromEnvironment() {
  const bool slurm = Variable("WORLD_SIZE").empty();
  if (slurm && Variable("SLURM_STEP_NUM_TASKS").empty()) return ProcessGroup();
  ARCTRM_ASSIGN_OR_RETURN(ProcessGroup group,
                          slurm ? FromSlurm() : FromTorchrun());
  if (group.size == 1) return ProcessGroup();
  if (!Variable("MASTER_ADDR").empty()) group.address = Variable("MASTER_ADDR");
  if (!Variable("MASTER_PORT").empty()) {
    ARCTRM_ASSIGN_OR_RETURN(group.port, Number("MASTER_PORT", 1, kMaxPort));
  }
  ARCTRM_RETURN_IF_ERROR(
      ReadSeconds("ARCTRM_MEET_TIMEOUT", group.meet_timeout));
  ARCTRM_RETURN_IF_ERROR(
      ReadSeconds("ARCTRM_OPERATION_TIMEOUT", group.operation_timeout));
  return group;
}

absl::StatusOr<int> CudaIndexOfRank(const ProcessGroup& group, int visible,
                                    const std::string& visible_devices) {
  if (group.size == 1) return 0;
  // With one visible device each, the launcher has divided the devices.
  const bool own_device = visible == 1 && !visible_devices.empty();
  if (own_device) return 0;
  if (group.local_rank < visible && group.local_size <= visible) {
    return group.local_rank;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "rank ", group.rank, " is process ", group.local_rank + 1,
      group.local_size > 0 ? absl::StrCat(" of ", group.local_size) : "",
      " on this machine and sees ", Counted(visible, "CUDA device"),
      visible_devices.empty()
          ? ""
          : absl::StrCat(" (CUDA_VISIBLE_DEVICES=", visible_devices, ")"),
      "; let each process see all devices of the machine or only its own, and "
      "start one process per device"));
}

absl::Status CheckRankDevices(const std::vector<std::string>& devices) {
  const auto kind = [](const std::string& device) {
    return device.substr(0, device.find(' '));
  };
  for (size_t rank = 0; rank < devices.size(); ++rank) {
    if (kind(devices[rank]) != kind(devices[0])) {
      return absl::InvalidArgumentError(absl::StrCat(
          "rank 0 has the device ", kind(devices[0]), " and rank ", rank, " ",
          kind(devices[rank]), "; give all ranks the same --device"));
    }
    if (devices[rank].find(' ') == std::string::npos) continue;
    for (size_t other = 0; other < rank; ++other) {
      if (devices[other] != devices[rank]) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "rank ", other, " and rank ", rank, " use the same device, ",
          devices[rank], "; give each process a device of its own"));
    }
  }
  return absl::OkStatus();
}

}  // namespace arctrm
