// SPDX-License-Identifier: MIT
// Compares the inputs and outputs of a command before it writes: no output may
// be an input, another output, or a foreign file.
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

// Existing files and folders are identified by device and inode, so that links
// and other spellings are equal; missing ones by their folder and name. Paths
// that are "" are ignored.
class OutputGuard {
 public:
  // Is `name`, an entry of a folder, one that arctrm uses there?
  using Names = std::function<bool(absl::string_view name)>;
  // Did arctrm make this file? For inputs: is this file skipped when tasks are
  // read?
  using IsOurs = std::function<bool(const std::string& path)>;
  struct Named {
    std::string option;
    std::string path;
  };

  // `option` names the path in messages, such as "--out". A folder stands for
  // all files below it except files and folders that are `passed_over`.
  void Reads(absl::string_view option, absl::string_view path,
             IsOurs passed_over = nullptr);
  // Reads these files of a folder, if they exist.
  void ReadsFrom(absl::string_view option, absl::string_view folder,
                 const std::vector<std::string>& files);
  // Reads a folder with too many files to examine; outputs must lie outside it.
  void ReadsAnyOf(absl::string_view option, absl::string_view folder);

  // Writes a file. An existing one may be replaced if it is empty, if `ours`
  // accepts it, or if overwriting is allowed. Without `ours`, the command
  // checks it itself.
  void Writes(absl::string_view option, absl::string_view path,
              IsOurs ours = nullptr);
  // Appends to a file, perhaps together with other processes.
  void Appends(absl::string_view option, absl::string_view path);
  // Replaces a folder, which may hold only entries that `names` accepts. Unless
  // `mark` is "", a folder with entries must hold this file.
  void Replaces(absl::string_view option, absl::string_view path, Names names,
                std::string mark = "");
  // Replaces the entries of a folder that `names` accepts. No other output may
  // have a name that `reserved` accepts; null means `names`.
  void WorksIn(absl::string_view option, absl::string_view path, Names names,
               Names reserved = nullptr);

  void AllowOverwriting(bool allow) { overwrite_ = allow; }

  // The outputs: files and replaced folders, then work folders.
  std::vector<Named> Written() const;
  std::vector<Named> WorkFolders() const;

  // Locks the outputs, except appended files, against other processes. Skips
  // locks without room or permission. AlreadyExists if another process holds
  // one.
  absl::StatusOr<std::vector<std::unique_ptr<FileLock>>> Lock() const;

  // InvalidArgument if an output is an input or another output.
  absl::Status CheckApart() const;
  // FailedPrecondition if an output exists and arctrm did not make it.
  absl::Status CheckStanding() const;
  // Both. These checks write nothing.
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

// The folders above `path`, links resolved, each with the name of its entry on
// the way to `path`: ("/a/b", "c"), ("/a", "b") … for "/a/b/c".
std::vector<std::pair<std::string, std::string>> FoldersAbove(
    absl::string_view path);

// Entries of `folder` that `names` does not accept, sorted; none if the folder
// does not exist.
std::vector<std::string> ForeignEntries(absl::string_view folder,
                                        const OutputGuard::Names& names);
// FailedPrecondition if there are such entries; the message lists some.
absl::Status CheckNoForeignEntries(absl::string_view folder,
                                   const OutputGuard::Names& names);
// The same; also FailedPrecondition for a folder with entries if arctrm did not
// write its file `mark`.
absl::Status CheckOurFolder(absl::string_view folder,
                            const OutputGuard::Names& names,
                            absl::string_view mark);

}  // namespace arctrm
