// SPDX-License-Identifier: MIT
// A lock that ends with its process (flock on a file).
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace arctrm {

// Held until destroyed, which also removes the file. Child processes do not
// inherit it.
class FileLock {
 public:
  // Makes the file `path`, whose folder must exist, and locks it. AlreadyExists
  // if another process holds the lock; the message says that `what` is in use
  // and gives the number of the process. Succeeds on a file system without
  // locks.
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(
      const std::string& path, const std::string& what);
  ~FileLock();
  // On destruction, restores the lock file that a killed process left, with its
  // content. For a command that is refused and must change nothing.
  void LeaveAsFound() { leave_ = true; }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // Removes the files of all locks that this process holds. For a process that
  // ends without destructors. Never blocks.
  static void RemoveFilesOfHeld();

 private:
  FileLock(std::string path, int fd, std::string before);

  const std::string path_;
  const int fd_;
  const std::string before_;  // content of the file before
  bool leave_ = false;
};

// Returns the same error if a process holds the lock now. Does not lock or make
// files.
absl::Status CheckNotLocked(const std::string& path, const std::string& what);

}  // namespace arctrm
