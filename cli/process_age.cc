// SPDX-License-Identifier: MIT
#include "cli/process_age.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/files.h"

namespace arctrm {

absl::Duration ProcessAge() {
  const absl::StatusOr<std::string> stat = ReadFile("/proc/self/stat");
  const absl::StatusOr<std::string> uptime = ReadFile("/proc/uptime");
  if (!stat.ok() || !uptime.ok()) return absl::ZeroDuration();
  // Field 2 is the name in parentheses. Field 22 is the start time in ticks
  // since the machine started.
  const size_t close = stat->rfind(')');
  if (close == std::string::npos) return absl::ZeroDuration();
  const std::vector<std::string> fields =
      absl::StrSplit(stat->substr(close + 2), ' ');
  const std::vector<std::string> up = absl::StrSplit(*uptime, ' ');
  double ticks = 0;
  double now = 0;
  if (fields.size() < 20 || !absl::SimpleAtod(fields[19], &ticks) ||
      !absl::SimpleAtod(up[0], &now)) {
    return absl::ZeroDuration();
  }
  const double per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return absl::Seconds(std::max(0.0, now - ticks / per_second));
}

}  // namespace arctrm
