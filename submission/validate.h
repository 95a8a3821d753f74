// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/task.h"

namespace arctrm {

// Every fault of the file at `path` with its place, e.g.
// "00576224[0].attempt_2: row 1 has 3 cells, row 0 has 4". Empty: valid.
// Judges by Kaggle's rules: every task id, no other, one entry per test input
// in order, both attempts, grids 1x1-30x30 of integers 0-9, rows of equal
// length, no duplicate ids, no trailing content. NotFound if the file can't be
// read; a file that is no JSON is one fault.
absl::StatusOr<std::vector<std::string>> ValidateSubmission(
    absl::string_view path, const ChallengeSet& challenges);

}  // namespace arctrm
