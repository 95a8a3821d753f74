// SPDX-License-Identifier: MIT
// The report of a finished or running job.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arc/task.h"
#include "pipeline/run_folder.h"
#include "submission/report.h"
#include "tta/ballots.h"

namespace arctrm {

// Of the reports of the run in the work folder `work`.
std::string ReportOwnerOf(const std::string& work);
// Is the file at `path` a report of that run?
bool IsReportOf(const std::string& work, const std::string& path);

// From the work folder alone.
absl::StatusOr<ReportData> ReadReportData(const std::string& run_dir);
absl::Status WriteRunReport(const std::string& run_dir, const std::string& out);
// Of a job that knows all but its curve itself: its work folder need not have
// found room for anything.
absl::Status WriteRunReport(const RunFolder& folder, const RunRecord& record,
                            const ChallengeSet& challenges,
                            const SolutionSet& solutions,
                            const Ballots& ballots, const std::string& out);

}  // namespace arctrm
