// SPDX-License-Identifier: MIT
// Remarks on an incomplete or faulty submission that is scored.
#pragma once

#include <string>
#include <vector>

#include "arc/read.h"
#include "arc/task.h"

namespace arctrm {

// One line each about missing, empty or malformed attempts, about numbers
// written as 1.0, and about other faults. None for a faultless file.
std::vector<std::string> AttemptRemarks(const ReadSubmissionResult& read);

// Differences between a submission and the solutions.
struct Coverage {
  std::vector<std::string> missing_tasks;
  // "b[1]": test outputs missing from tasks that are present.
  std::vector<std::string> missing_outputs;
  // Tasks with more entries than test outputs.
  std::vector<std::string> overfull_tasks;
  // Tasks without a solution.
  std::vector<std::string> unknown_tasks;
};
Coverage Compare(const Submission& submission, const SolutionSet& solutions);
// Lines such as "1 of 2 tasks is missing: b"; none if both match.
std::vector<std::string> CoverageRemarks(const Coverage& coverage,
                                         size_t num_tasks);

}  // namespace arctrm
