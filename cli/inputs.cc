// SPDX-License-Identifier: MIT
#include "cli/inputs.h"

#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "pipeline/run_inputs.h"

namespace arctrm {

absl::StatusOr<TaskFiles> LoadChallenges(const std::vector<std::string>& paths,
                                         Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(RunInputs inputs, ReadRunInputs(paths, "", {}));
  LogRemarks(inputs.remarks, log);
  TaskFiles files;
  files.challenges = std::move(inputs.challenges);
  files.solutions = std::move(inputs.solutions);
  return files;
}

absl::StatusOr<SolutionSet> LoadSolutions(const std::string& path,
                                          const ChallengeSet* challenges,
                                          Log& log) {
  std::vector<std::string> unknown;
  ARCTRM_ASSIGN_OR_RETURN(SolutionSet solutions,
                          ReadSolutions(path, challenges, &unknown));
  if (!unknown.empty()) {
    LogRemark({absl::StrCat(path, ": ", unknown.size(),
                            unknown.size() == 1
                                ? " test output is not known and not scored"
                                : " test outputs are not known and not scored"),
               std::move(unknown)},
              log);
  }
  return solutions;
}

absl::StatusOr<WeightedPath> ParseWeightedPath(const std::string& text) {
  const size_t at = text.rfind(':');
  if (at == std::string::npos || FileExists(text)) return WeightedPath{text, 1};
  WeightedPath result{text.substr(0, at), 0};
  const std::string weight = text.substr(at + 1);
  if (!absl::SimpleAtod(weight, &result.weight) ||
      !std::isfinite(result.weight) || result.weight <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(text,
                     ": expected FILE or FILE:WEIGHT with a positive "
                     "number as weight, found weight '",
                     weight, "'"));
  }
  return result;
}

absl::Status CheckOutputFile(const std::string& out) {
  if (out.empty()) {
    return absl::InvalidArgumentError("--out: the file name is empty");
  }
  if (IsDirectory(out)) {
    return absl::InvalidArgumentError(
        absl::StrCat(out, ": is a folder, expected the name of a file"));
  }
  return CheckWritable(out);
}

std::string TasksText(const ChallengeSet& challenges) {
  return absl::StrCat(
      Counted(static_cast<int64_t>(challenges.tasks.size()), "task"), ", ",
      Counted(challenges.num_test_inputs(), "test input"));
}

}  // namespace arctrm
