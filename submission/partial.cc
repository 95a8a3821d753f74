// SPDX-License-Identifier: MIT
#include "submission/partial.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "arc/remark.h"

namespace arctrm {
namespace {

constexpr size_t kListed = 10;

std::string Counted(size_t count, const char* one, const char* many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

void Add(std::string what, const std::vector<std::string>& items,
         std::vector<std::string>* lines) {
  if (!items.empty()) {
    lines->push_back(RemarkText({std::move(what), items}, kListed));
  }
}

}  // namespace

std::vector<std::string> AttemptRemarks(const ReadSubmissionResult& read) {
  std::vector<std::string> lines;
  std::vector<std::string> wrong;
  const auto count = [&](int number, const char* what) {
    if (number == 0) return;
    wrong.push_back(absl::StrCat(
        Counted(static_cast<size_t>(number), "attempt", "attempts"), " ",
        what));
  };
  count(read.empty, "empty or null");
  count(read.missing, "missing");
  count(read.malformed, "not a grid");
  if (!wrong.empty()) {
    lines.push_back(
        absl::StrCat(absl::StrJoin(wrong, ", "),
                     ": counted as wrong; `arctrm validate` says where"));
  }
  if (read.whole_floats > 0) {
    lines.push_back(absl::StrCat(Counted(static_cast<size_t>(read.whole_floats),
                                         "grid has", "grids have"),
                                 " numbers written like 1.0: accepted here, "
                                 "but `arctrm validate` refuses them"));
  }
  if (read.repeated > 0) {
    lines.push_back(absl::StrCat(
        Counted(static_cast<size_t>(read.repeated), "task occurs",
                "tasks occur"),
        " more than once: the first one counts; `arctrm validate` says where"));
  }
  const size_t all = read.faults.size();
  if (all > 0 && (lines.empty() || read.malformed > 0)) {
    lines.push_back(
        absl::StrCat(Counted(all, "fault", "faults"),
                     all == 1 ? ": " : ", the first: ", read.faults[0]));
  }
  return lines;
}

Coverage Compare(const Submission& submission, const SolutionSet& solutions) {
  Coverage coverage;
  for (const auto& [id, outputs] : solutions) {
    const auto found = submission.find(id);
    if (found == submission.end()) {
      coverage.missing_tasks.push_back(id);
      continue;
    }
    for (size_t i = found->second.size(); i < outputs.size(); ++i) {
      if (outputs[i].empty()) continue;
      coverage.missing_outputs.push_back(absl::StrCat(id, "[", i, "]"));
    }
    if (found->second.size() > outputs.size()) {
      coverage.overfull_tasks.push_back(id);
    }
  }
  for (const auto& [id, attempts] : submission) {
    if (solutions.count(id) == 0) coverage.unknown_tasks.push_back(id);
  }
  return coverage;
}

std::vector<std::string> CoverageRemarks(const Coverage& coverage,
                                         size_t num_tasks) {
  std::vector<std::string> lines;
  const size_t tasks = coverage.missing_tasks.size();
  Add(absl::StrCat(tasks, " of ", num_tasks,
                   tasks == 1 ? " tasks is missing" : " tasks are missing"),
      coverage.missing_tasks, &lines);
  Add(Counted(coverage.missing_outputs.size(),
              "test input of present tasks has no attempts",
              "test inputs of present tasks have no attempts"),
      coverage.missing_outputs, &lines);
  Add(Counted(coverage.overfull_tasks.size(),
              "task has more entries than test inputs",
              "tasks have more entries than test inputs"),
      coverage.overfull_tasks, &lines);
  Add(Counted(coverage.unknown_tasks.size(),
              "task has no solution and is not scored",
              "tasks have no solution and are not scored"),
      coverage.unknown_tasks, &lines);
  return lines;
}

}  // namespace arctrm
