// SPDX-License-Identifier: MIT
// What the commands that carry out a job share, wherever its model runs.
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

// Model, training and planning as --recipe and --set say, device, seed and work
// folder. Without a recipe `default_recipe`; where that is "", the published
// one on a GPU and a small one on a processor, which the engine is asked about.
absl::Status ResolveSettings(const CommonFlags& common, bool from_checkpoint,
                             const std::string& default_recipe, Engine& engine,
                             RunOptions& run);

// The limit counts from the start of the process, loading LibTorch included.
Deadline DeadlineOf(absl::Duration limit);

// InvalidArgument without one of the two.
absl::Status NeedLimit(absl::Duration limit, int64_t steps);

// InvalidArgument for an --out that is no file, such as /dev/null, without
// --work: the work folder of the run would stand beside it.
absl::Status CheckHasPlaceBeside(const std::string& out,
                                 const CommonFlags& common);

// InvalidArgument for --resume and --overwrite together.
absl::Status NotBoth(bool resume, const CommonFlags& common);

// On standard output: how it ended and the score.
absl::Status PrintOutcome(const RunOutcome& outcome, const std::string& out);
// The same; where that can't be done, a warning: the work is done.
void TellOutcome(const RunOutcome& outcome, const std::string& out, Log& log);

// `arctrm run`. Returns the exit code.
absl::StatusOr<int> RunJobCommand(const RunFlags& flags, Engine& engine,
                                  Log& log);

}  // namespace arctrm
