// SPDX-License-Identifier: MIT
// Shared parts of the commands that train or vote, with a model in this process
// or in workers.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/flags.h"
#include "cli/run_command.h"
#include "pipeline/engine.h"
#include "pipeline/run.h"

namespace arctrm {

// Sets the options of `run` that --recipe, --set and the common options decide:
// model, training, planning, device, seed and work folder. Without --recipe
// uses `default_recipe`; if that is "", asks the engine for its device and uses
// "arc" on a GPU, "small" on a CPU.
absl::Status ResolveSettings(const CommonFlags& common, bool from_checkpoint,
                             const std::string& default_recipe, Engine& engine,
                             RunOptions& run);

// Returns the deadline `limit` after the start of this process, so that it
// includes the time to load LibTorch.
Deadline DeadlineOf(absl::Duration limit);

// Fails with InvalidArgument if neither a limit nor steps are given.
absl::Status NeedLimit(absl::Duration limit, int64_t steps);

// Fails with InvalidArgument if `out` is a special file such as /dev/null and
// there is no --work: the work folder could not be placed beside it.
absl::Status CheckHasPlaceBeside(const std::string& out,
                                 const CommonFlags& common);

// Fails with InvalidArgument if --resume and --overwrite are given together.
absl::Status NotBoth(bool resume, const CommonFlags& common);

// Prints the end of the run and the score to standard output.
absl::Status PrintOutcome(const RunOutcome& outcome, const std::string& out);
// As PrintOutcome, but a failure is only a warning, because the run is done.
void TellOutcome(const RunOutcome& outcome, const std::string& out, Log& log);

// Carries out `arctrm run` and returns the exit code.
absl::StatusOr<int> ExecuteRunCommand(const RunFlags& flags, Engine& engine,
                                      Log& log);

}  // namespace arctrm
