// SPDX-License-Identifier: MIT
// The report of a finished or running job, from its work folder alone.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "submission/report.h"

namespace arctrm {

absl::StatusOr<ReportData> ReadReportData(const std::string& run_dir);
absl::Status WriteRunReport(const std::string& run_dir, const std::string& out);

}  // namespace arctrm
