// SPDX-License-Identifier: MIT
// Reads and writes whole files. Writes never leave an incomplete file under the
// final name: they use a temporary name in the same folder, fsync, rename, and
// fsync of the folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Reads a file, or a pipe or terminal to its end; a stop signal ends the wait
// (Cancelled). Refuses devices. IsOutOfMemory() if memory has no room for the
// content.
absl::StatusOr<std::string> ReadFile(absl::string_view path);
// Writes directly to special files.
absl::Status WriteFileAtomically(absl::string_view path,
                                 absl::string_view bytes);
// Appends and flushes; creates the file if necessary.
absl::Status AppendToFile(absl::string_view path, absl::string_view bytes);

// Would AppendToFile() succeed? Changes nothing. ResourceExhausted if there is
// no room for a new file.
absl::Status CheckAppendable(absl::string_view path);

// Renames `from` to `to`, replacing it, and syncs the folder.
absl::Status RenameFile(absl::string_view from, absl::string_view to);

bool FileExists(absl::string_view path);
// FailedPrecondition if the existence of `path` cannot be determined because of
// permissions, a link to itself, or a name that is too long.
absl::Status CheckCanLook(absl::string_view path);
bool IsDirectory(absl::string_view path);
// A device, a pipe, or a name of an open descriptor such as /dev/stdout. A
// rename would replace it by a plain file, and written data cannot be read
// back.
bool IsSpecialFile(absl::string_view path);
// Like mkdir -p.
absl::Status MakeDirectories(absl::string_view path);
// Names (not paths) of the regular files in `dir`, sorted bytewise.
absl::StatusOr<std::vector<std::string>> ListFiles(absl::string_view dir);
// Removes a file, or a folder with its content. OK if absent.
absl::Status RemoveAll(absl::string_view path);
// Checks that `path` can be an output: an existing or new file, /dev/null, or
// an open descriptor (/dev/stdout, /dev/stderr, /dev/fd/N). Other devices,
// FIFOs, sockets and folders are FailedPrecondition. Changes nothing.
absl::Status CheckIsFile(absl::string_view path);
// InvalidArgument for a path that can only name a folder: "out.json/", "."
absl::Status CheckFileName(absl::string_view path);
// InvalidArgument for "." and "..", which ReplaceDirectory() cannot replace.
absl::Status CheckFolderName(absl::string_view path);
// CheckIsFile(), then checks with an unnamed file that the folder of `path`
// accepts new files. FailedPrecondition also if the disk is full.
absl::Status CheckWritable(absl::string_view path);

// Bytes that this process may still write in the folder `dir`, or in its
// nearest existing parent. 0 if there is room for only a few more files.
absl::StatusOr<int64_t> FreeBytes(absl::string_view dir);
// Prefix of the names that only arctrm uses (base/own_names.h).
inline constexpr char kOwnPrefix[] = ".arctrm-";
// Number of digits of the hash at the end of such a name.
inline constexpr size_t kOwnNameDigits = 12;
std::string FreshName(absl::string_view path);
// For the second file of ReplaceFile (base/replaced_file.h).
std::string SpareName(absl::string_view path);
std::string AsideName(absl::string_view path);
// For the lock of the process that writes `path`.
std::string LockName(absl::string_view path);
// For the folder of the workers of a run that writes `path`.
std::string WorkersName(absl::string_view path);
// For a folder on another disk that takes files without room beside `path`.
std::string SpareFolderName(absl::string_view path);

// Replaces `path` (which may exist) by the finished folder `fresh`. A reader
// finds one of the two complete at any moment, even if the process is killed;
// `ResolveDirectory` finds it in the latter case. Both must be on one file
// system. Refuses a `path` that is a file.
absl::Status ReplaceDirectory(absl::string_view fresh, absl::string_view path);
// `path` itself. If an interrupted ReplaceDirectory left it under
// AsideName(path), moves it back first.
absl::StatusOr<std::string> ResolveDirectory(absl::string_view path);

// Appends `suffix` to `path` ("out.json" -> "out.json.run"). If the name
// becomes too long for the folder (255 bytes as a rule), it is cut and gets a
// hash of the full name before the suffix.
std::string BesidePath(absl::string_view path, absl::string_view suffix);
// InvalidArgument for a name that is too long for its folder.
absl::Status CheckNameLength(absl::string_view path);

// "a/b" from "a" and "b"; an absolute `name` is returned unchanged.
std::string JoinPath(absl::string_view dir, absl::string_view name);
std::string Basename(absl::string_view path);
std::string Dirname(absl::string_view path);

// Largest resident memory of this process so far, in bytes.
int64_t PeakMemoryBytes();
// "512MiB", "2GiB", "100KB", "4096" -> bytes.
absl::StatusOr<int64_t> ParseBytes(absl::string_view text);

}  // namespace arctrm
