// SPDX-License-Identifier: MIT
// The names that arctrm reserves beside its outputs (kOwnPrefix), and the
// removal of files that killed processes left there.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace arctrm {

// ".arctrm-USE-HASH"; for the temporary file of WriteFileAtomically
// ".arctrm-tmp-HASH-PROCESS-NUMBER".
struct OwnName {
  std::string use;
  // Hash of the name of the output.
  std::string hash;
  pid_t process = 0;
};
std::optional<OwnName> ParseOwnName(absl::string_view name);
bool IsOwnName(absl::string_view name);

// Removes leftovers of killed processes from `dir`: files and folders under our
// names whose output is not locked, and stale locks. Keeps folders that
// ReplaceDirectory set aside, since the output may be lost otherwise.
void RemoveLeftovers(const std::string& dir);

}  // namespace arctrm
