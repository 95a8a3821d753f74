// SPDX-License-Identifier: MIT
// Files of checkpoint folders in the memory of this process, for disks without
// room. Readers of checkpoints look here first.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace arctrm::internal {

using NamedFiles = std::vector<std::pair<std::string, std::string>>;

// Keeps `files` as the whole content of the folder `dir`. All functions are
// thread-safe.
void KeepInMemory(const std::string& dir, NamedFiles files);
// Drop one file, or a whole folder.
void ForgetFile(const std::string& dir, const std::string& name);
void ForgetFolder(const std::string& dir);
void ForgetAll();

bool IsInMemory(const std::string& dir);
// In memory or on disk.
bool HasFile(const std::string& dir, const std::string& name);
absl::StatusOr<std::string> ReadKeptFile(const std::string& dir,
                                         const std::string& name);

}  // namespace arctrm::internal
