// SPDX-License-Identifier: MIT
// Replaces a file repeatedly, even while its disk fills up.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Replaces the content of `path` by `bytes`. Writes the new content to
// SpareName(path), passes that name to `check`, syncs, and exchanges the two
// files. A reader finds one of the two contents complete at any moment, even
// after a kill or a power failure. The former file becomes the spare. If the
// disk has room, both files reserve `room` bytes, so that later contents need
// no free block and no free inode.
//
// Without room for a second file, overwrites `path` in place after reserving
// its blocks: writes the content and blanks up to the former length in one
// call, then truncates. A killed process leaves the old or the new content;
// only a power failure within the call can leave a mixture. After an error
// `path` has its former content.
//
// Processes that replace the same file at the same time use different spares. A
// symbolic link is replaced by a file.
absl::Status ReplaceFile(
    absl::string_view path, absl::string_view bytes, int64_t room,
    const std::function<absl::Status(const std::string& written)>& check);

// Releases the room that ReplaceFile keeps: the spare, and the blocks beyond
// the end of `path`.
void ReleaseRoom(absl::string_view path);

// Calls ReleaseRoom(path) when destroyed.
class KeptRoom {
 public:
  explicit KeptRoom(std::string path) : path_(std::move(path)) {}
  KeptRoom(const KeptRoom&) = delete;
  KeptRoom& operator=(const KeptRoom&) = delete;
  ~KeptRoom() { ReleaseRoom(path_); }

 private:
  const std::string path_;
};

}  // namespace arctrm
