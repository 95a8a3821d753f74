// SPDX-License-Identifier: MIT
// The names that arctrm keeps for itself beside its outputs (kOwnPrefix), and
// what processes that were killed leave under them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace arctrm {

// ".arctrm-USE-HASH", and for what WriteFileAtomically writes first
// ".arctrm-tmp-HASH-PROCESS-NUMBER".
struct OwnName {
  std::string use;
  // Of the name of the output it belongs to.
  std::string hash;
  pid_t process = 0;
};
std::optional<OwnName> ParseOwnName(absl::string_view name);
bool IsOwnName(absl::string_view name);

// Removes what belongs to no process that lives: files and folders in `dir`
// under names of ours, where nobody holds the lock of their output, and such
// locks. Folders that ReplaceDirectory set aside stay, as they may be all that
// is left of an output.
void RemoveLeftovers(const std::string& dir);

}  // namespace arctrm
