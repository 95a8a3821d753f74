// SPDX-License-Identifier: MIT
// The section of the report that shows the tasks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "submission/report.h"

namespace arctrm {

enum class Outcome { kSolved, kWrong, kNoVotes, kUnknown };

// kNoVotes only without a solution.
Outcome OutcomeOf(const ReportTestInput& test);

enum class TaskState { kSolved, kPartly, kUnsolved, kUnknown };

// Considers the test inputs with a solution.
TaskState StateOf(const ReportTask& task);
// "solved", "partly", "unsolved" or "unknown", as CSS class and filter value.
absl::string_view StateName(TaskState state);

// A map with a square per task that links to it.
std::string TaskMapHtml(const std::vector<ReportTask>& tasks);

// One <article> per task. Draws further candidates, at most ten per test input,
// while the size stays below about `max_bytes`.
std::string TasksHtml(const std::vector<ReportTask>& tasks, int64_t max_bytes);

}  // namespace arctrm
