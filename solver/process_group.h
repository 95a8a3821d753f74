// SPDX-License-Identifier: MIT
// Several processes that train one model together. No Torch here.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"

namespace arctrm {

// One process of a group; each has a device of its own.
struct ProcessGroup {
  int rank = 0;  // 0 leads: it decides, saves and reports
  int size = 1;
  // Among the processes of this machine: the CUDA device taken when none is
  // named.
  int local_rank = 0;
  // Where rank 0 listens and the others find it.
  std::string address = "127.0.0.1";
  int port = 0;
  // How long to wait for the others to come.
  absl::Duration meet_timeout = absl::Seconds(60);
  // How long the others may take to come to one operation. Rank 0 saves and
  // evaluates meanwhile.
  absl::Duration operation_timeout = absl::Minutes(10);

  friend bool operator==(const ProcessGroup&, const ProcessGroup&) = default;
};

// From the variables that torchrun sets: RANK, WORLD_SIZE, MASTER_ADDR,
// MASTER_PORT, LOCAL_RANK (RANK where it is absent); and from ours,
// ARCTRM_MEET_TIMEOUT and ARCTRM_OPERATION_TIMEOUT in seconds. A group of one
// where WORLD_SIZE is absent or 1; InvalidArgument names the variable that is
// missing or no number in its range.
absl::StatusOr<ProcessGroup> ProcessGroupFromEnvironment();

}  // namespace arctrm
