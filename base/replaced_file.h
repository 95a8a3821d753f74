// SPDX-License-Identifier: MIT
// A file that is replaced again and again, also while its disk fills up.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Puts `bytes` in the place of what `path` holds. The new content is written to
// SpareName(path), `check`ed there (it gets the name of the file), synced, and
// the two files change places: a reader, and a process killed or a machine
// switched off at any moment, finds one of the two contents whole. The former
// file stays as the spare, and both keep room for `room` bytes where the disk
// has it, so that later contents need no free block and no free inode.
//
// Where there is no room for a second file, `path` is written over in place,
// after the blocks for it have been reserved: first followed by blanks up to
// the length it had, then cut. One write call does it, so a killed process
// leaves the old or the new content; only a machine that is switched off within
// it can leave a mixture. On any error `path` holds what it held.
//
// Another process that replaces the same file at the same time does so with a
// spare of its own. A symbolic link is replaced by a file.
absl::Status ReplaceFile(
    absl::string_view path, absl::string_view bytes, int64_t room,
    const std::function<absl::Status(const std::string& written)>& check);

// Gives back what ReplaceFile keeps: the spare, and the room beyond the end of
// `path`.
void ReleaseRoom(absl::string_view path);

// ReleaseRoom(path) at its end.
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
