// SPDX-License-Identifier: MIT
// The part of the report that shows every task.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "submission/report.h"

namespace arctrm {

enum class Outcome { kSolved, kWrong, kNoVotes, kUnknown };

// kNoVotes only without a solution to judge by.
Outcome OutcomeOf(const ReportTestInput& test);

enum class TaskState { kSolved, kPartly, kUnsolved, kUnknown };

// Over the test inputs with a solution.
TaskState StateOf(const ReportTask& task);
// "solved", "partly", "unsolved", "unknown": class names and filter values.
absl::string_view StateName(TaskState state);

// A square per task that leads to it.
std::string TaskMapHtml(const std::vector<ReportTask>& tasks);

// <article> per task. Draws as many further candidates as keep the whole below
// about `max_bytes`, ten at most for a test input.
std::string TasksHtml(const std::vector<ReportTask>& tasks, int64_t max_bytes);

}  // namespace arctrm
