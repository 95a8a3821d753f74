// SPDX-License-Identifier: MIT
// Whole files in and out. Writes never leave a half file under the final name:
// temporary name in the same folder, fsync, rename, fsync of the folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Also of a pipe or a terminal, whose end is waited for until a signal asks to
// stop (Cancelled); a device is refused. IsOutOfMemory() for what memory has no
// room for.
absl::StatusOr<std::string> ReadFile(absl::string_view path);
// A special file is written to as it stands.
absl::Status WriteFileAtomically(absl::string_view path,
                                 absl::string_view bytes);
// Appends and flushes; creates the file if need be.
absl::Status AppendToFile(absl::string_view path, absl::string_view bytes);

// Could it? Makes and changes nothing. ResourceExhausted where there is no room
// for another file.
absl::Status CheckAppendable(absl::string_view path);

// `from` takes the place of `to`; the folder is synced.
absl::Status RenameFile(absl::string_view from, absl::string_view to);

bool FileExists(absl::string_view path);
// Can it be told whether there is a file? FailedPrecondition says why not:
// permissions, a link that leads to itself, a name that is too long.
absl::Status CheckCanLook(absl::string_view path);
bool IsDirectory(absl::string_view path);
// A device or a pipe, or a name of an open descriptor such as /dev/stdout: a
// rename would put a plain file in its place, and what went in can't be read
// back.
bool IsSpecialFile(absl::string_view path);
// Like mkdir -p.
absl::Status MakeDirectories(absl::string_view path);
// Names (not paths) of the regular files in `dir`, sorted bytewise.
absl::StatusOr<std::vector<std::string>> ListFiles(absl::string_view dir);
// Removes a file or a folder with all in it; absent is fine.
absl::Status RemoveAll(absl::string_view path);
// Can `path` be an output: a file, there or not, /dev/null, or an open
// descriptor (/dev/stdout, /dev/stderr, /dev/fd/N)? Other devices, FIFOs,
// sockets and folders are FailedPrecondition. Touches nothing.
absl::Status CheckIsFile(absl::string_view path);
// InvalidArgument for a path whose end can only be a folder: "out.json/", "."
absl::Status CheckFileName(absl::string_view path);
// InvalidArgument for "." and ".." as the name of a folder that
// ReplaceDirectory() is to put in place.
absl::Status CheckFolderName(absl::string_view path);
// CheckIsFile(), and can a file be made in the folder that will hold `path`?
// Tries it with a file that has no name. FailedPrecondition also where the disk
// is full.
absl::Status CheckWritable(absl::string_view path);

// Bytes that this process may still write in the folder `dir`, or the nearest
// one above it that is there; 0 where that has room for a few more files only.
absl::StatusOr<int64_t> FreeBytes(absl::string_view dir);
// Names beside `path` that only arctrm uses (base/own_names.h), with this at
// their beginning: of what is written first and then takes the place of `path`,
// and of what ReplaceDirectory sets aside.
inline constexpr char kOwnPrefix[] = ".arctrm-";
// Behind that and the use stand so many digits of the hash of the name.
inline constexpr size_t kOwnNameDigits = 12;
std::string FreshName(absl::string_view path);
// Of the second file of ReplaceFile (base/replaced_file.h).
std::string SpareName(absl::string_view path);
std::string AsideName(absl::string_view path);
// Of the lock of whoever writes `path`.
std::string LockName(absl::string_view path);
// Of the folder of the workers that write it.
std::string WorkersName(absl::string_view path);
// Of a folder on another disk for what has no room beside `path`.
std::string SpareFolderName(absl::string_view path);

// Puts the finished folder `fresh` in the place of `path` (which may exist) so
// that a reader, or a process killed at any moment, finds one of the two whole.
// `ResolveDirectory` finds what a kill in between has left. Both must be on one
// file system; a `path` that is a file is refused.
absl::Status ReplaceDirectory(absl::string_view fresh, absl::string_view path);
// `path` itself, or the set-aside copy of it that an interrupted
// ReplaceDirectory left (moved back into place).
absl::StatusOr<std::string> ResolveDirectory(absl::string_view path);

// `path` with `suffix` after its name, for what stands beside it ("out.json" ->
// "out.json.run"). Where that is longer than its folder takes (255 bytes as a
// rule) the name is cut and ends in a hash of the whole before the suffix.
std::string BesidePath(absl::string_view path, absl::string_view suffix);
// InvalidArgument for a name that is longer than its folder takes.
absl::Status CheckNameLength(absl::string_view path);

// "a/b" from "a" and "b"; `name` absolute stays as it is.
std::string JoinPath(absl::string_view dir, absl::string_view name);
std::string Basename(absl::string_view path);
std::string Dirname(absl::string_view path);

// Largest resident memory of this process so far, in bytes.
int64_t PeakMemoryBytes();
// "512MiB", "2GiB", "100KB", "4096" -> bytes.
absl::StatusOr<int64_t> ParseBytes(absl::string_view text);

}  // namespace arctrm
