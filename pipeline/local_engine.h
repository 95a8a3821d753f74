// SPDX-License-Identifier: MIT
// Runs that train and vote in this process.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/log.h"
#include "pipeline/engine.h"
#include "pipeline/run.h"

namespace arctrm {

// Computes on one device in this process.
std::unique_ptr<Engine> MakeLocalEngine();

// ExecuteRun() with a local engine.
absl::StatusOr<RunOutcome> ExecuteRun(const RunOptions& options,
                                      const Deadline& deadline, Log& log);

}  // namespace arctrm
