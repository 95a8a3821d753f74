// SPDX-License-Identifier: MIT
#include "solver/device_info.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/printable.h"

namespace arctrm {

std::string DeviceInfo::Text() const {
  if (kind == DeviceKind::kNone) {
    return "no device: the time is too short to start one";
  }
  std::string text;
  if (is_cpu()) {
    text = absl::StrCat("CPU, ", Counted(threads, "thread"));
  } else if (kind == DeviceKind::kStandIn) {
    text = "stand-in device";
  } else {
    text = absl::StrCat("CUDA device ", index);
    if (!name.empty()) {
      absl::StrAppend(&text, " (", name, ", ", memory_bytes >> 30, " GiB)");
    }
  }
  absl::StrAppend(&text, ", ", precision);
  if (!kernels.empty()) absl::StrAppend(&text, ", ", kernels);
  if (group.empty()) return text;
  const auto processes = 1 + std::count(group.begin(), group.end(), ' ');
  return absl::StrCat(text, "; ", processes, " processes: ", group);
}

}  // namespace arctrm
