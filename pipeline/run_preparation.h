// SPDX-License-Identifier: MIT
// The plan and the dataset of a run.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/run_context.h"

namespace arctrm {

// Measures the machine, plans augmentations and steps, builds the dataset (or
// reads that of a resumed run), holds pairs out and looks for leaks. Writes the
// dataset into the work folder, or into the spare folder where the work folder
// has no room and workers need the files.
absl::Status PrepareRun(RunContext& run);

// Measures and plans without writing. Call after ReadAndCheckInputs().
absl::StatusOr<std::string> PlanText(RunContext& run);

}  // namespace arctrm
