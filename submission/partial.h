// SPDX-License-Identifier: MIT
// What is to be said of a submission that is scored although it lacks
// something.
#pragma once

#include <string>
#include <vector>

#include "arc/read.h"
#include "arc/task.h"

namespace arctrm {

// A line each on attempts that are missing, empty or no grids, on numbers
// written as 1.0, and on other faults of the file; none for a sound one.
std::vector<std::string> AttemptRemarks(const ReadSubmissionResult& read);

// What a submission lacks beside `solutions`, or has too much.
struct Coverage {
  std::vector<std::string> missing_tasks;
  // "b[1]", of tasks that are there.
  std::vector<std::string> missing_outputs;
  // Tasks with more entries than test outputs.
  std::vector<std::string> overfull_tasks;
  // Tasks without a solution.
  std::vector<std::string> unknown_tasks;
};
Coverage Compare(const Submission& submission, const SolutionSet& solutions);
// "1 of 2 tasks is missing: b" and so on; none where both fit.
std::vector<std::string> CoverageRemarks(const Coverage& coverage,
                                         size_t num_tasks);

}  // namespace arctrm
