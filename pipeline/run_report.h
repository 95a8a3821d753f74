// SPDX-License-Identifier: MIT
// The HTML report of a run, finished or not.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arc/task.h"
#include "pipeline/run_folder.h"
#include "submission/report.h"
#include "tta/ballots.h"

namespace arctrm {

// The owner that reports of the run in `work` name.
std::string ReportOwnerOf(const std::string& work);
// Whether the file at `path` is a report of that run.
bool IsReportOf(const std::string& work, const std::string& path);

// Reads the data from the work folder alone.
absl::StatusOr<ReportData> ReadReportData(const std::string& run_dir);
absl::Status WriteRunReport(const std::string& run_dir, const std::string& out);
// Reads only the metrics from the work folder, which may have had no room for
// other files.
absl::Status WriteRunReport(const RunFolder& folder, const RunRecord& record,
                            const ChallengeSet& challenges,
                            const SolutionSet& solutions,
                            const Ballots& ballots, const std::string& out);

}  // namespace arctrm
