// SPDX-License-Identifier: MIT
// What a command reads and what it writes, compared before anything is written:
// no output may be an input, another output, or somebody else's file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/file_lock.h"

namespace arctrm {

// Files and folders are told apart by device and inode, so that links and other
// spellings are the same; what does not exist by its folder and its name.
// Paths that are "" are passed over.
class OutputGuard {
 public:
  // Of an entry of a folder: did arctrm give it this name?
  using Names = std::function<bool(absl::string_view name)>;
  // Of a file: did arctrm make it? Or, is it passed over where tasks are read?
  using IsOurs = std::function<bool(const std::string& path)>;
  struct Named {
    std::string option;
    std::string path;
  };

  // `option` names the path in messages, such as "--out". A folder counts with
  // every file below it but those that are `passed_over`, files and folders.
  void Reads(absl::string_view option, absl::string_view path,
             IsOurs passed_over = nullptr);
  // A folder of which these files are read, as far as they exist.
  void ReadsFrom(absl::string_view option, absl::string_view folder,
                 const std::vector<std::string>& files);
  // A folder with more files than can be looked at: only their place counts.
  void ReadsAnyOf(absl::string_view option, absl::string_view folder);

  // A file. One that stands there already may be replaced where it is empty,
  // `ours` (if given) or where overwriting is allowed; without `ours` the
  // command looks at it itself.
  void Writes(absl::string_view option, absl::string_view path,
              IsOurs ours = nullptr);
  // A file that is added to, by several processes at once if need be.
  void Appends(absl::string_view option, absl::string_view path);
  // A folder that is replaced whole: it may hold entries of these names alone.
  // `mark`: the file without which a folder with entries is somebody else's; ""
  // where names are enough.
  void Replaces(absl::string_view option, absl::string_view path, Names names,
                std::string mark = "");
  // A folder in which entries of these names are replaced. `reserved`: the
  // names on which no other output may lie; null where those are the same.
  void WorksIn(absl::string_view option, absl::string_view path, Names names,
               Names reserved = nullptr);

  void AllowOverwriting(bool allow) { overwrite_ = allow; }

  // Files and folders that are written, and folders to work in.
  std::vector<Named> Written() const;
  std::vector<Named> WorkFolders() const;

  // Locks what is written, not what is added to, against other processes;
  // without the locks that there is no room for, or no right to make.
  // AlreadyExists.
  absl::StatusOr<std::vector<std::unique_ptr<FileLock>>> Lock() const;

  // InvalidArgument for an output that is an input or another output.
  absl::Status CheckApart() const;
  // FailedPrecondition for an output that stands there and is not arctrm's.
  absl::Status CheckStanding() const;
  // Both. None of them writes anything.
  absl::Status Check() const;

 private:
  struct Input {
    std::string option;
    std::string path;
    bool look_inside = true;
    IsOurs passed_over = {};
  };
  enum class Kind { kFile, kFolder, kWork };
  struct Output {
    std::string option;
    std::string path;
    Kind kind = Kind::kFile;
    Names names;
    IsOurs ours;
    std::string mark = {};
    Names reserved = {};
    bool appends = false;
  };

  absl::Status CheckInput(const Output& output, const Input& input) const;
  absl::Status CheckOutputs(const Output& a, const Output& b) const;
  absl::Status CheckStandingAt(const Output& output) const;

  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  bool overwrite_ = false;
};

// The folder `path` leads to, or would be made in, and those above it, each
// with the name of its entry that leads there: ("/a/b", "c"), ("/a", "b") … for
// "/a/b/c". Without links.
std::vector<std::pair<std::string, std::string>> FoldersAbove(
    absl::string_view path);

// Names of entries of `folder` that `names` does not know, sorted; a folder
// that does not exist has none.
std::vector<std::string> ForeignEntries(absl::string_view folder,
                                        const OutputGuard::Names& names);
// FailedPrecondition where there are such entries: names some of them.
absl::Status CheckNoForeignEntries(absl::string_view folder,
                                   const OutputGuard::Names& names);
// The same, and FailedPrecondition for a folder with entries where the file
// `mark` is missing or is not one that arctrm wrote.
absl::Status CheckOurFolder(absl::string_view folder,
                            const OutputGuard::Names& names,
                            absl::string_view mark);

}  // namespace arctrm
