// SPDX-License-Identifier: MIT
// A worker process: it measures, trains as one of several ranks, or predicts
// for a leader. WorkerEngine is the other side.
#pragma once

#include "absl/status/status.h"

namespace arctrm {

// Reads a request from `in`, carries it out and writes the results to `out`, as
// frames. Stops early when the leader closes its side. Errors are reported to
// the leader; the returned status says whether that worked.
absl::Status ServeLeader(int in, int out);

}  // namespace arctrm
