// SPDX-License-Identifier: MIT
// Finds the task files in a folder and its subfolders.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

struct TaskFolder {
  // All paths are relative to the folder; each list is sorted. Regular files
  // with the name of a task file (IsTaskFileName), also through links.
  std::vector<std::string> files;
  // Files with other names, second links to a folder, and folders that arctrm
  // made.
  std::vector<std::string> passed_over;
  // Number of names that begin with a dot; such folders are not entered.
  int hidden = 0;
  // Task files that cannot be read (broken links, pipes) and folders that
  // cannot be listed: "sub/a.json: a link to a missing file".
  std::vector<std::string> faults;
};

// Is `path` a submission, or a folder with a run, a dataset or a checkpoint of
// arctrm?
bool IsResult(const std::string& path);

// Follows links to folders, but enters each folder only once. Fails if `dir`
// itself cannot be listed or holds too many folders.
absl::StatusOr<TaskFolder> FindTaskFiles(absl::string_view dir);

}  // namespace arctrm
