// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/task.h"

namespace arctrm {

// Lists every fault of the file at `path` with its place, e.g.
// "00576224[0].attempt_2: row 1 has 3 cells, row 0 has 4"; empty for a valid
// file. Applies Kaggle's rules: exactly the task ids of `challenges`, one entry
// per test input in order, both attempts, grids 1x1-30x30 of integers 0-9, rows
// of equal length, no duplicate ids, no trailing content. NotFound if the file
// cannot be read. A file that is not JSON has one fault.
absl::StatusOr<std::vector<std::string>> ValidateSubmission(
    absl::string_view path, const ChallengeSet& challenges);

}  // namespace arctrm
