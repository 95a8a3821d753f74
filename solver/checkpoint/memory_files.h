// SPDX-License-Identifier: MIT
// Files of checkpoint folders for which no disk has room: this process keeps
// them under the names they would have. What reads a checkpoint looks here
// first.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace arctrm::internal {

using NamedFiles = std::vector<std::pair<std::string, std::string>>;

// `files`, by their names in the folder `dir`, in the place of what was kept of
// it before. Thread-safe, as all here.
void KeepInMemory(const std::string& dir, NamedFiles files);
// Forgets one file, or all of a folder.
void ForgetFile(const std::string& dir, const std::string& name);
void ForgetFolder(const std::string& dir);
void ForgetAll();

bool IsInMemory(const std::string& dir);
// Of this process's memory, or of the disk.
bool HasFile(const std::string& dir, const std::string& name);
absl::StatusOr<std::string> ReadKeptFile(const std::string& dir,
                                         const std::string& name);

}  // namespace arctrm::internal
