// SPDX-License-Identifier: MIT
// What a command reads and what it writes, compared before anything is written:
// no output may be an input, another output, or somebody else's file.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Files and folders are told apart by device and inode, so that links and other
// spellings are the same; what does not exist by its folder and its name.
// Paths that are "" are passed over.
class OutputGuard {
 public:
  // Of an entry of a folder: did arctrm give it this name?
  using Names = std::function<bool(absl::string_view name)>;
  // Did arctrm make the file at `path`?
  using IsOurs = std::function<bool(const std::string& path)>;

  // `option` names the path in messages, such as "--out". A folder counts with
  // every file below it.
  void Reads(absl::string_view option, absl::string_view path);
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
  // A folder that is replaced whole: it may hold entries of these names alone.
  // `mark`: the file without which a folder with entries is somebody else's; ""
  // where names are enough.
  void Replaces(absl::string_view option, absl::string_view path, Names names,
                std::string mark = "");
  // A folder in which entries of these names are replaced.
  void WorksIn(absl::string_view option, absl::string_view path, Names names);

  void AllowOverwriting(bool allow) { overwrite_ = allow; }

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
  };
  enum class Kind { kFile, kFolder, kWork };
  struct Output {
    std::string option;
    std::string path;
    Kind kind = Kind::kFile;
    Names names;
    IsOurs ours;
    std::string mark = {};
  };

  absl::Status CheckInput(const Output& output, const Input& input) const;
  absl::Status CheckOutputs(const Output& a, const Output& b) const;
  absl::Status CheckStandingAt(const Output& output) const;

  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  bool overwrite_ = false;
};

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
