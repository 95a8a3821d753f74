// SPDX-License-Identifier: MIT
#include "base/output_guard.h"

#include <sys/stat.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "base/own_names.h"
#include "base/status.h"

namespace arctrm {
namespace {

namespace fs = std::filesystem;

struct FileId {
  uint64_t device = 0;
  uint64_t inode = 0;
  friend auto operator<=>(const FileId&, const FileId&) = default;
};

// A path with its links resolved.
struct Place {
  bool exists = false;
  bool is_folder = false;
  // The file itself if it exists, then the existing folders above it, up to the
  // root.
  std::vector<FileId> chain;
  // The names below chain[0] that do not exist.
  std::vector<std::string> missing;
  // Absolute, without links.
  fs::path path;
};

bool StatOf(const fs::path& path, struct stat& info) {
  return stat(path.c_str(), &info) == 0;
}

FileId IdOf(const struct stat& info) {
  return {static_cast<uint64_t>(info.st_dev),
          static_cast<uint64_t>(info.st_ino)};
}

// Follows a link whose target does not exist yet.
fs::path FollowDangling(fs::path path) {
  constexpr int kMostLinks = 40;
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code error;
    struct stat info = {};
    if (StatOf(path, info)) break;
    const fs::path target = fs::read_symlink(path, error);
    if (error) break;
    path = target.is_absolute() ? target : path.parent_path() / target;
  }
  return path;
}

Place Locate(absl::string_view text) {
  Place place;
  std::error_code error;
  fs::path path = fs::absolute(FollowDangling(fs::path(StdView(text))), error);
  while (path.has_relative_path() &&
         (!path.has_filename() || path.filename() == ".")) {
    path = path.parent_path();
  }
  struct stat info = {};
  fs::path above = path;
  while (!StatOf(above, info) && above.has_relative_path()) {
    place.missing.insert(place.missing.begin(), above.filename().string());
    above = above.parent_path();
  }
  place.exists = place.missing.empty();
  place.is_folder = place.exists && S_ISDIR(info.st_mode);
  place.chain.push_back(IdOf(info));
  const fs::path canonical = fs::canonical(above, error);
  place.path = error ? above : canonical;
  if (!error) {
    for (fs::path at = canonical; at.has_relative_path();) {
      at = at.parent_path();
      if (StatOf(at, info)) place.chain.push_back(IdOf(info));
    }
  }
  for (const std::string& name : place.missing) place.path /= name;
  return place;
}

bool Same(const Place& a, const Place& b) {
  return a.exists == b.exists && a.chain[0] == b.chain[0] &&
         a.missing == b.missing;
}

// Is `a` equal to `b`, or below it?
bool Inside(const Place& a, const Place& b) {
  if (b.exists) {
    return std::find(a.chain.begin(), a.chain.end(), b.chain[0]) !=
           a.chain.end();
  }
  return !a.exists && a.chain[0] == b.chain[0] &&
         a.missing.size() >= b.missing.size() &&
         std::equal(b.missing.begin(), b.missing.end(), a.missing.begin());
}

// Is `a` an entry of the folder `b` that `names` accepts, or below one?
bool OnNameIn(const Place& a, const Place& b, const OutputGuard::Names& names) {
  if (!Inside(a, b) || Same(a, b)) return false;
  const fs::path below = a.path.lexically_relative(b.path);
  if (below.empty() || *below.begin() == "..") return true;
  return names(AbslView(below.begin()->string()));
}

// Does a file or folder below `folder` have one of `ids`? Follows links; skips
// those that are `passed_over`.
bool HoldsAny(const fs::path& folder, const std::set<FileId>& ids,
              const OutputGuard::IsOurs& passed_over) {
  const auto counts = [&](const fs::path& path) {
    return passed_over == nullptr || !passed_over(path.string());
  };
  std::set<FileId> entered;
  std::vector<fs::path> open = {folder};
  while (!open.empty()) {
    const fs::path at = open.back();
    open.pop_back();
    struct stat info = {};
    if (!StatOf(at, info) || !entered.insert(IdOf(info)).second) continue;
    std::error_code error;
    for (fs::directory_iterator it(at, error);
         !error && it != fs::directory_iterator(); it.increment(error)) {
      const fs::path& path = it->path();
      if (!StatOf(path, info)) continue;
      const bool is_folder = S_ISDIR(info.st_mode);
      const bool sought = ids.count(IdOf(info)) > 0;
      if ((!is_folder && !sought) || !counts(path)) continue;
      if (sought) return true;
      open.push_back(path);
    }
  }
  return false;
}

// The folder and its entries that `names` accepts.
std::set<FileId> IdsOf(const Place& folder, const OutputGuard::Names& names) {
  std::set<FileId> ids = {folder.chain[0]};
  std::error_code error;
  for (fs::directory_iterator it(folder.path, error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    struct stat info = {};
    if (names(AbslView(it->path().filename().string())) &&
        StatOf(it->path(), info)) {
      ids.insert(IdOf(info));
    }
  }
  return ids;
}

// The target of "new/../x" changes when new/ is made, so such a path cannot be
// compared with others. Returns the missing part, or "".
std::string MissingBeforeParent(absl::string_view path) {
  fs::path so_far;
  for (const fs::path& part : fs::path(StdView(path))) {
    std::error_code error;
    if (part == ".." && !so_far.empty() && !fs::exists(so_far, error)) {
      return so_far.string();
    }
    so_far /= part;
  }
  return "";
}

absl::Status Refuse(absl::string_view option, absl::string_view path,
                    absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(option, " ", path, ": ", why, "; name another"));
}

}  // namespace

std::vector<std::string> ForeignEntries(absl::string_view folder,
                                        const OutputGuard::Names& names) {
  std::vector<std::string> foreign;
  std::error_code error;
  for (fs::directory_iterator it(fs::path(StdView(folder)), error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    std::string name = it->path().filename().string();
    if (!names(name)) foreign.push_back(std::move(name));
  }
  std::sort(foreign.begin(), foreign.end());
  return foreign;
}

absl::Status CheckNoForeignEntries(absl::string_view folder,
                                   const OutputGuard::Names& names) {
  constexpr size_t kShown = 3;
  std::vector<std::string> foreign = ForeignEntries(
      folder,
      [&](absl::string_view name) { return names(name) || IsOwnName(name); });
  if (foreign.empty()) return absl::OkStatus();
  const size_t more = foreign.size() > kShown ? foreign.size() - kShown : 0;
  foreign.resize(foreign.size() - more);
  return absl::FailedPreconditionError(absl::StrCat(
      folder, ": holds entries that arctrm did not make: ",
      absl::StrJoin(foreign, ", "),
      more > 0 ? absl::StrCat(" and ", more, " more") : "",
      "; they would be removed, so name another folder or move them away"));
}

absl::Status CheckOurFolder(absl::string_view folder,
                            const OutputGuard::Names& names,
                            absl::string_view mark) {
  // Every description that arctrm writes has a format of this kind.
  constexpr char kFormat[] = "\"arctrm-";
  ARCTRM_RETURN_IF_ERROR(CheckNoForeignEntries(folder, names));
  const std::vector<std::string> entries = ForeignEntries(folder, IsOwnName);
  if (mark.empty() || entries.empty()) return absl::OkStatus();
  const absl::StatusOr<std::string> text = ReadFile(JoinPath(folder, mark));
  if (text.ok() && absl::StrContains(*text, kFormat)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(folder, ": holds ", entries[0], " but no ", mark,
                   " of arctrm; its content would be removed, so name another "
                   "folder or move it away"));
}

void OutputGuard::Reads(absl::string_view option, absl::string_view path,
                        IsOurs passed_over) {
  if (path.empty()) return;
  inputs_.push_back({std::string(option), std::string(path),
                     /*look_inside=*/true, std::move(passed_over)});
}

void OutputGuard::ReadsFrom(absl::string_view option, absl::string_view folder,
                            const std::vector<std::string>& files) {
  ReadsAnyOf(option, folder);
  for (const std::string& file : files) {
    const std::string path = JoinPath(folder, file);
    if (FileExists(path)) Reads(option, path);
  }
}

void OutputGuard::ReadsAnyOf(absl::string_view option,
                             absl::string_view folder) {
  if (folder.empty()) return;
  inputs_.push_back({std::string(option), std::string(folder),
                     /*look_inside=*/false});
}

void OutputGuard::Writes(absl::string_view option, absl::string_view path,
                         IsOurs ours) {
  if (path.empty()) return;
  outputs_.push_back({std::string(option), std::string(path), Kind::kFile,
                      nullptr, std::move(ours)});
}

void OutputGuard::Appends(absl::string_view option, absl::string_view path) {
  if (path.empty()) return;
  Writes(option, path);
  outputs_.back().appends = true;
}

void OutputGuard::Replaces(absl::string_view option, absl::string_view path,
                           Names names, std::string mark) {
  if (path.empty()) return;
  outputs_.push_back({std::string(option), std::string(path), Kind::kFolder,
                      std::move(names), nullptr, std::move(mark)});
}

void OutputGuard::WorksIn(absl::string_view option, absl::string_view path,
                          Names names, Names reserved) {
  if (path.empty()) return;
  outputs_.push_back({std::string(option), std::string(path), Kind::kWork,
                      std::move(names), nullptr, "", std::move(reserved)});
}

std::vector<OutputGuard::Named> OutputGuard::Written() const {
  std::vector<Named> written;
  for (const Output& output : outputs_) {
    if (output.kind != Kind::kWork) {
      written.push_back({output.option, output.path});
    }
  }
  return written;
}

std::vector<OutputGuard::Named> OutputGuard::WorkFolders() const {
  std::vector<Named> folders;
  for (const Output& output : outputs_) {
    if (output.kind == Kind::kWork) {
      folders.push_back({output.option, output.path});
    }
  }
  return folders;
}

absl::StatusOr<std::vector<std::unique_ptr<FileLock>>> OutputGuard::Lock()
    const {
  constexpr int64_t kRoomy = 1 << 20;
  std::vector<std::unique_ptr<FileLock>> locks;
  std::set<std::string> taken;
  for (const Output& output : outputs_) {
    const std::string name = LockName(output.path);
    if (output.kind == Kind::kWork || output.appends ||
        IsSpecialFile(output.path) || !taken.insert(name).second) {
      continue;
    }
    const absl::StatusOr<int64_t> free = FreeBytes(Dirname(output.path));
    if (free.ok() && *free < kRoomy) {
      ARCTRM_RETURN_IF_ERROR(CheckNotLocked(name, output.path));
      continue;
    }
    absl::StatusOr<std::unique_ptr<FileLock>> lock =
        FileLock::Take(name, output.path);
    if (lock.ok()) {
      locks.push_back(*std::move(lock));
    } else if (absl::IsAlreadyExists(lock.status()) ||
               absl::IsFailedPrecondition(lock.status())) {
      return Annotate(lock.status(), output.option);
    }
  }
  return locks;
}

std::vector<std::pair<std::string, std::string>> FoldersAbove(
    absl::string_view path) {
  std::vector<std::pair<std::string, std::string>> folders;
  const fs::path place = Locate(path).path;
  for (fs::path at = place; at.has_relative_path(); at = at.parent_path()) {
    folders.emplace_back(at.parent_path().string(), at.filename().string());
  }
  return folders;
}

absl::Status OutputGuard::CheckInput(const Output& output,
                                     const Input& input) const {
  const Place out = Locate(output.path);
  const Place in = Locate(input.path);
  const std::string named = absl::StrCat(input.option, " ", input.path);
  if (Same(out, in)) {
    return Refuse(output.option, output.path,
                  absl::StrCat("is also an input (", named, ")"));
  }
  if (output.kind == Kind::kFolder && Inside(in, out)) {
    return Refuse(
        output.option, output.path,
        absl::StrCat("is replaced whole, and ", named, " lies in it"));
  }
  if (output.kind == Kind::kWork && OnNameIn(in, out, output.names)) {
    return Refuse(
        output.option, output.path,
        absl::StrCat("is a work folder, and ", named,
                     " lies where its own files go, which are removed"));
  }
  if (!out.exists || !in.is_folder || !input.look_inside) {
    return absl::OkStatus();
  }
  if (output.kind != Kind::kFile && !out.is_folder) return absl::OkStatus();
  const std::set<FileId> ids = output.kind == Kind::kFile
                                   ? std::set<FileId>{out.chain[0]}
                                   : IdsOf(out, output.names);
  if (HoldsAny(in.path, ids, input.passed_over)) {
    return Refuse(output.option, output.path,
                  absl::StrCat("is a ", out.is_folder ? "folder" : "file",
                               " of an input (", named, ")"));
  }
  return absl::OkStatus();
}

absl::Status OutputGuard::CheckOutputs(const Output& a, const Output& b) const {
  const Place at_a = Locate(a.path);
  const Place at_b = Locate(b.path);
  if (Same(at_a, at_b)) {
    return Refuse(a.option, a.path,
                  absl::StrCat("is what ", b.option, " writes too"));
  }
  if (b.kind == Kind::kFolder && Inside(at_a, at_b)) {
    return Refuse(a.option, a.path,
                  absl::StrCat("lies in ", b.path, ", which ", b.option,
                               " replaces whole"));
  }
  if (b.kind == Kind::kWork &&
      OnNameIn(at_a, at_b, b.reserved ? b.reserved : b.names)) {
    return Refuse(a.option, a.path,
                  absl::StrCat("lies where the work folder ", b.path,
                               " keeps its own files"));
  }
  return absl::OkStatus();
}

absl::Status OutputGuard::CheckStandingAt(const Output& output) const {
  const Place out = Locate(output.path);
  if (!out.exists) return absl::OkStatus();
  if (output.kind != Kind::kFile) {
    if (!out.is_folder) {
      return absl::FailedPreconditionError(
          absl::StrCat(output.option, " ", output.path,
                       ": is a file, expected the name of a folder"));
    }
    if (output.kind == Kind::kWork) return absl::OkStatus();
    return Annotate(CheckOurFolder(output.path, output.names, output.mark),
                    output.option);
  }
  if (out.is_folder) {
    return absl::FailedPreconditionError(
        absl::StrCat(output.option, " ", output.path,
                     ": is a folder, expected the name of a file"));
  }
  struct stat info = {};
  if (!StatOf(out.path, info) || !S_ISREG(info.st_mode) || info.st_size == 0 ||
      overwrite_ || output.ours == nullptr || output.ours(output.path)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(output.option, " ", output.path,
                   ": this file was not made by this command; name another, or "
                   "replace it with --overwrite"));
}

absl::Status OutputGuard::CheckApart() const {
  for (const Output& output : outputs_) {
    if (output.kind == Kind::kWork) continue;
    ARCTRM_RETURN_IF_ERROR(Annotate(output.kind == Kind::kFile
                                        ? CheckFileName(output.path)
                                        : CheckFolderName(output.path),
                                    output.option));
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const std::string missing = MissingBeforeParent(outputs_[i].path);
    if (!missing.empty()) {
      return Refuse(
          outputs_[i].option, outputs_[i].path,
          absl::StrCat("goes through ", missing, ", which is not there"));
    }
    for (const auto& [folder, name] : FoldersAbove(outputs_[i].path)) {
      if (!IsOwnName(name)) continue;
      return Refuse(
          outputs_[i].option, outputs_[i].path,
          absl::StrCat(name, " is a name that arctrm keeps for ", "itself"));
    }
    for (const Input& input : inputs_) {
      ARCTRM_RETURN_IF_ERROR(CheckInput(outputs_[i], input));
    }
    for (size_t j = 0; j < i; ++j) {
      ARCTRM_RETURN_IF_ERROR(CheckOutputs(outputs_[i], outputs_[j]));
      ARCTRM_RETURN_IF_ERROR(CheckOutputs(outputs_[j], outputs_[i]));
    }
  }
  return absl::OkStatus();
}

absl::Status OutputGuard::CheckStanding() const {
  for (const Output& output : outputs_) {
    ARCTRM_RETURN_IF_ERROR(CheckStandingAt(output));
  }
  return absl::OkStatus();
}

absl::Status OutputGuard::Check() const {
  ARCTRM_RETURN_IF_ERROR(CheckApart());
  return CheckStanding();
}

}  // namespace arctrm
