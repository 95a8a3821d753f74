// SPDX-License-Identifier: MIT
// The task files in a folder and the folders below it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

struct TaskFolder {
  // What follows holds paths below the folder, each list sorted.
  // Regular files by name (IsTaskFileName), also through links.
  std::vector<std::string> files;
  // Files of other names, links to folders that are read anyway, and folders
  // that arctrm made.
  std::vector<std::string> passed_over;
  // How many names begin with a dot; folders among them are not entered.
  int hidden = 0;
  // Task files that can't be read: broken links, pipes; folders that can't be
  // listed: "sub/a.json: a link to a file that is not there".
  std::vector<std::string> faults;
};

// Is `path` a submission, or a folder in which a run, a dataset or a checkpoint
// of arctrm lies?
bool IsResult(const std::string& path);

// Follows links to folders, each folder once, so that loops end. Fails where
// `dir` itself can't be listed or holds more folders than any data set.
absl::StatusOr<TaskFolder> FindTaskFiles(absl::string_view dir);

}  // namespace arctrm
