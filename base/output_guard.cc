// SPDX-License-Identifier: MIT
#include "base/output_guard.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

namespace fs = std::filesystem;

struct FileId {
  uint64_t device = 0;
  uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

// Where a path leads.
struct Place {
  bool exists = false;
  bool is_folder = false;
  // The file itself where it exists, then the folders above it, up to the root.
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

// A link to what does not exist yet leads there all the same.
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
  while (path.has_relative_path() && !path.has_filename()) {
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

// Is `a` what `b` is, or below it?
bool Inside(const Place& a, const Place& b) {
  if (b.exists) {
    return std::find(a.chain.begin(), a.chain.end(), b.chain[0]) !=
           a.chain.end();
  }
  return !a.exists && a.chain[0] == b.chain[0] &&
         a.missing.size() >= b.missing.size() &&
         std::equal(b.missing.begin(), b.missing.end(), a.missing.begin());
}

// Is `a` below an entry of the folder `b` that `names` knows?
bool OnNameIn(const Place& a, const Place& b, const OutputGuard::Names& names) {
  if (!Inside(a, b) || Same(a, b)) return false;
  const fs::path below = a.path.lexically_relative(b.path);
  if (below.empty() || *below.begin() == "..") return true;
  return names(AbslView(below.begin()->string()));
}

// Does a file below `folder`, or a link there, lead to `id`?
bool HoldsFile(const fs::path& folder, const FileId& id) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(
           folder, fs::directory_options::skip_permission_denied, error);
       !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    struct stat info = {};
    if (StatOf(it->path(), info) && IdOf(info) == id) return true;
  }
  return false;
}

// Where "new/../x" leads changes as soon as new/ is made: such a path can't be
// compared with others. The part that is not there, or "".
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
  std::vector<std::string> foreign = ForeignEntries(folder, names);
  if (foreign.empty()) return absl::OkStatus();
  const size_t more = foreign.size() > kShown ? foreign.size() - kShown : 0;
  foreign.resize(foreign.size() - more);
  return absl::FailedPreconditionError(absl::StrCat(
      folder,
      ": holds what arctrm did not make: ", absl::StrJoin(foreign, ", "),
      more > 0 ? absl::StrCat(" and ", more, " more") : "",
      "; it would be removed, so name another folder or move that away"));
}

absl::Status CheckOurFolder(absl::string_view folder,
                            const OutputGuard::Names& names,
                            absl::string_view mark) {
  // Every description that arctrm writes names its format so.
  constexpr char kFormat[] = "\"arctrm-";
  ARCTRM_RETURN_IF_ERROR(CheckNoForeignEntries(folder, names));
  const std::vector<std::string> entries =
      ForeignEntries(folder, [](absl::string_view name) {
        return absl::StartsWith(name, kOwnPrefix);
      });
  if (mark.empty() || entries.empty()) return absl::OkStatus();
  const absl::StatusOr<std::string> text = ReadFile(JoinPath(folder, mark));
  if (text.ok() && absl::StrContains(*text, kFormat)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      folder, ": holds ", entries[0], " but no ", mark,
      " of arctrm; it would be removed, so name another folder or move that "
      "away"));
}

void OutputGuard::Reads(absl::string_view option, absl::string_view path) {
  if (path.empty()) return;
  inputs_.push_back({std::string(option), std::string(path)});
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

void OutputGuard::Replaces(absl::string_view option, absl::string_view path,
                           Names names, std::string mark) {
  if (path.empty()) return;
  outputs_.push_back({std::string(option), std::string(path), Kind::kFolder,
                      std::move(names), nullptr, std::move(mark)});
}

void OutputGuard::WorksIn(absl::string_view option, absl::string_view path,
                          Names names) {
  if (path.empty()) return;
  outputs_.push_back({std::string(option), std::string(path), Kind::kWork,
                      std::move(names), nullptr});
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
  if (output.kind != Kind::kFile || !out.exists || !in.is_folder ||
      !input.look_inside) {
    return absl::OkStatus();
  }
  if (Inside(out, in) || HoldsFile(in.path, out.chain[0])) {
    return Refuse(output.option, output.path,
                  absl::StrCat("is a file of an input (", named, ")"));
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
  if (b.kind == Kind::kWork && OnNameIn(at_a, at_b, b.names)) {
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
  return absl::FailedPreconditionError(absl::StrCat(
      output.option, " ", output.path,
      ": a file stands there that arctrm can't tell to be its own; name "
      "another, or replace it with --overwrite"));
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
