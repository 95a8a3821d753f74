// SPDX-License-Identifier: MIT
// A lock that dies with its process (flock on a file).
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace arctrm {

// Held until destroyed; then the file goes too. Programs that are started do
// not inherit it.
class FileLock {
 public:
  // Makes the file `path`, whose folder must exist, and locks it. AlreadyExists
  // where another process holds it: `what` is in use by the process with the
  // number that the message gives. A file system without locks has none to
  // wait for.
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(
      const std::string& path, const std::string& what);
  ~FileLock();
  // One that a killed process left is there again when this is destroyed, with
  // what stood in it: for a command that is refused and changes nothing.
  void LeaveAsFound() { leave_ = true; }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // The files of all locks that this process holds, before it ends without
  // giving them up. Waits for nothing.
  static void RemoveFilesOfHeld();

 private:
  FileLock(std::string path, int fd, std::string before);

  const std::string path_;
  const int fd_;
  const std::string before_;  // what stood in the file
  bool leave_ = false;
};

// The same refusal where somebody holds the lock now; takes and makes nothing.
absl::Status CheckNotLocked(const std::string& path, const std::string& what);

}  // namespace arctrm
