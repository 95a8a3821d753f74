// SPDX-License-Identifier: MIT
// Several processes that train one model together. Free of LibTorch.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"

namespace arctrm {

// One process of a process group; each process has its own device.
struct ProcessGroup {
  int rank = 0;  // rank 0 decides, saves and reports
  int size = 1;
  // The rank among the processes of this machine, and the index of the default
  // CUDA device.
  int local_rank = 0;
  // Rank 0 listens here; the other ranks connect to it.
  std::string address = "127.0.0.1";
  int port = 0;
  // Time limit for all ranks to connect.
  absl::Duration meet_timeout = absl::Seconds(60);
  // Time limit for all ranks to enter one operation. It must cover the time in
  // which rank 0 saves and evaluates.
  absl::Duration operation_timeout = absl::Minutes(10);

  friend bool operator==(const ProcessGroup&, const ProcessGroup&) = default;
};

// Reads the environment variables of torchrun: RANK, WORLD_SIZE, MASTER_ADDR,
// MASTER_PORT and LOCAL_RANK (default: RANK); and ARCTRM_MEET_TIMEOUT and
// ARCTRM_OPERATION_TIMEOUT in seconds. Without WORLD_SIZE, or with 1, a group
// of one process. InvalidArgument names a variable that is missing or out of
// range.
absl::StatusOr<ProcessGroup> ProcessGroupFromEnvironment();

}  // namespace arctrm
