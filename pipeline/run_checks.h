// SPDX-License-Identifier: MIT
// Everything a run may be refused for. Nothing here writes.
#pragma once

#include "absl/status/status.h"
#include "pipeline/run_context.h"

namespace arctrm {

// Reads the inputs and resolves the model. Errors name every fault the user
// must mend: files, settings, a canvas too small for a task, too few tasks to
// hold pairs out of, too little memory. Where a smaller batch fits into memory
// and the run ends by time, run.fitted_batch is that batch.
absl::Status ReadAndCheckInputs(RunContext& run);

// ReadAndCheckInputs(), then start weights, outputs and work folder.
absl::Status CheckRun(RunContext& run);

}  // namespace arctrm
