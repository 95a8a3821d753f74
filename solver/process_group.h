// SPDX-License-Identifier: MIT
// Several processes that train one model together. Free of LibTorch.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"

namespace arctrm {

// One process of a process group; each process has its own device.
struct ProcessGroup {
  int rank = 0;  // rank 0 decides, saves and reports
  int size = 1;
  // The rank among the processes of this machine, and their number; 0 if the
  // launcher does not tell it.
  int local_rank = 0;
  int local_size = 0;
  // Rank 0 listens here; the other ranks connect to it.
  std::string address = "127.0.0.1";
  int port = 0;
  // The launcher listens here instead of rank 0, as torchrun does; `restart`
  // counts how often it has started the ranks again.
  bool launcher_listens = false;
  int restart = 0;
  // Time limit for all ranks to connect.
  absl::Duration meet_timeout = absl::Seconds(60);
  // Time limit for all ranks to enter one operation. It must cover the time in
  // which rank 0 saves and evaluates.
  absl::Duration operation_timeout = absl::Minutes(10);

  friend bool operator==(const ProcessGroup&, const ProcessGroup&) = default;
};

// Reads the environment variables of torchrun: RANK, WORLD_SIZE, MASTER_ADDR,
// MASTER_PORT, LOCAL_RANK (default: RANK), LOCAL_WORLD_SIZE,
// TORCHELASTIC_USE_AGENT_STORE and TORCHELASTIC_RESTART_COUNT. Without
// WORLD_SIZE, reads those that Slurm's `srun` gives to each of several tasks;
// MASTER_ADDR and MASTER_PORT then default to the first machine of the job step
// and to a port that follows from the step's number. ARCTRM_MEET_TIMEOUT and
// ARCTRM_OPERATION_TIMEOUT are in seconds. A group of one process without any
// of them, or with WORLD_SIZE=1. InvalidArgument names a variable that is
// missing or out of range.
absl::StatusOr<ProcessGroup> ProcessGroupFromEnvironment();

// The index of the CUDA device that a process of `group` uses with --device
// auto or cuda. `visible`: the number of devices that this process sees, 1 or
// more; `visible_devices`: its CUDA_VISIBLE_DEVICES, "" if unset. The launcher
// may show each process all devices of the machine, or only its own.
// InvalidArgument if the devices do not suffice.
absl::StatusOr<int> CudaIndexOfRank(const ProcessGroup& group, int visible,
                                    const std::string& visible_devices);

// InvalidArgument if processes of a group run on devices of different kinds, or
// two of them on the same CUDA device. `devices`, by rank: "cpu", or "cuda "
// and a name that is unique in the world; the name may be missing.
absl::Status CheckRankDevices(const std::vector<std::string>& devices);

}  // namespace arctrm
