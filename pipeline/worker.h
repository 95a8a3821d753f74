// SPDX-License-Identifier: MIT
// A process that works for a leader: it measures, trains as one of several
// ranks, or predicts (WorkerEngine has the other side).
#pragma once

#include "absl/status/status.h"

namespace arctrm {

// Reads a request from `in`, carries it out, and writes what comes of it to
// `out`, in frames. Ends with the job, or ends the process when the leader
// closes its side. What goes wrong is told to the leader; the status says
// whether it could be.
absl::Status ServeLeader(int in, int out);

}  // namespace arctrm
