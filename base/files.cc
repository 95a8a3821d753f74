// SPDX-License-Identifier: MIT
#include "base/files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "base/status.h"

namespace arctrm {
namespace {

namespace fs = std::filesystem;

fs::path PathOf(absl::string_view path) { return fs::path(StdView(path)); }

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  // Closes and says whether that worked: the last chance to hear of a full
  // disk.
  bool Close() {
    const int fd = fd_;
    fd_ = -1;
    return close(fd) == 0;
  }

 private:
  int fd_;
};

absl::Status WriteAll(int fd, absl::string_view bytes, absl::string_view path) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "can't write", path);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// A rename is only safe on disk once its folder is.
void SyncDirectory(const std::string& dir) {
  const FileDescriptor fd(
      open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) fsync(fd.get());
}

// "dir/" and "dir" are one folder.
std::string WithoutSlashes(absl::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return std::string(path);
}

// A short name, whatever the length of that of `path`.
std::string Beside(absl::string_view path, absl::string_view use) {
  const std::string whole = WithoutSlashes(path);
  return JoinPath(Dirname(whole),
                  absl::StrCat(kOwnPrefix, use, "-",
                               Sha256Hex(Basename(whole)).substr(0, 12)));
}

// Most bytes of a name in `dir`.
size_t NameLimit(const std::string& dir) {
  constexpr size_t kUsual = 255;
  const long limit = pathconf(dir.c_str(), _PC_NAME_MAX);
  return limit > 0 ? static_cast<size_t>(limit) : kUsual;
}

absl::Status WriteInPlace(absl::string_view path, absl::string_view bytes) {
  const std::string name(path);
  FileDescriptor fd(open(name.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.get() < 0) return ErrnoStatus(errno, "can't write", path);
  ARCTRM_RETURN_IF_ERROR(WriteAll(fd.get(), bytes, path));
  if (!fd.Close()) return ErrnoStatus(errno, "can't write", path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(absl::string_view path) {
  const std::string name(path);
  const FileDescriptor fd(open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return ErrnoStatus(errno, "can't read", path);
  struct stat info = {};
  if (fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return ErrnoStatus(EISDIR, "can't read", path);
  }
  std::string bytes;
  if (info.st_size > 0) bytes.reserve(static_cast<size_t>(info.st_size));
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = read(fd.get(), buffer, sizeof(buffer));
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "can't read", path);
    }
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(n));
  }
}

absl::Status WriteFileAtomically(absl::string_view path,
                                 absl::string_view bytes) {
  const std::string name(path);
  if (IsDirectory(path)) return ErrnoStatus(EISDIR, "can't write", path);
  if (IsSpecialFile(path)) return WriteInPlace(path, bytes);
  const std::string temporary =
      BesidePath(path, absl::StrCat(".tmp.", getpid()));
  FileDescriptor fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (fd.get() < 0) return ErrnoStatus(errno, "can't write", path);
  absl::Status status = WriteAll(fd.get(), bytes, path);
  if (status.ok() && fsync(fd.get()) != 0 && errno != EINVAL) {
    status = ErrnoStatus(errno, "can't write", path);
  }
  if (!fd.Close() && status.ok()) {
    status = ErrnoStatus(errno, "can't write", path);
  }
  if (status.ok() && rename(temporary.c_str(), name.c_str()) != 0) {
    status = ErrnoStatus(errno, "can't write", path);
  }
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  SyncDirectory(Dirname(path));
  return absl::OkStatus();
}

absl::Status AppendToFile(absl::string_view path, absl::string_view bytes) {
  const std::string name(path);
  FileDescriptor fd(
      open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (fd.get() < 0) return ErrnoStatus(errno, "can't write", path);
  ARCTRM_RETURN_IF_ERROR(WriteAll(fd.get(), bytes, path));
  if (!fd.Close()) return ErrnoStatus(errno, "can't write", path);
  return absl::OkStatus();
}

absl::Status RenameFile(absl::string_view from, absl::string_view to) {
  const std::string from_name(from);
  const std::string to_name(to);
  if (rename(from_name.c_str(), to_name.c_str()) != 0) {
    return ErrnoStatus(errno, "can't write", to);
  }
  SyncDirectory(Dirname(to));
  return absl::OkStatus();
}

bool FileExists(absl::string_view path) {
  std::error_code error;
  return fs::exists(PathOf(path), error);
}

bool IsSpecialFile(absl::string_view path) {
  std::error_code error;
  const fs::file_status status = fs::status(PathOf(path), error);
  return fs::exists(status) && !fs::is_regular_file(status) &&
         !fs::is_directory(status);
}

bool IsDirectory(absl::string_view path) {
  std::error_code error;
  return fs::is_directory(PathOf(path), error);
}

absl::Status MakeDirectories(absl::string_view path) {
  std::error_code error;
  fs::create_directories(PathOf(path), error);
  if (error) return ErrnoStatus(error.value(), "can't make the folder", path);
  if (!IsDirectory(path)) {
    return ErrnoStatus(ENOTDIR, "can't make the folder", path);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ListFiles(absl::string_view dir) {
  std::error_code error;
  fs::directory_iterator it(PathOf(dir), error);
  if (error) return ErrnoStatus(error.value(), "can't list", dir);
  std::vector<std::string> names;
  while (it != fs::directory_iterator()) {
    // A link to nowhere is no regular file and no error either.
    std::error_code ignored;
    if (it->is_regular_file(ignored)) {
      names.push_back(it->path().filename().string());
    }
    it.increment(error);
    if (error) return ErrnoStatus(error.value(), "can't list", dir);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status RemoveAll(absl::string_view path) {
  std::error_code error;
  fs::remove_all(PathOf(path), error);
  if (error) return ErrnoStatus(error.value(), "can't remove", path);
  return absl::OkStatus();
}

absl::Status CheckWritable(absl::string_view path) {
  ARCTRM_RETURN_IF_ERROR(CheckNameLength(path));
  if (IsDirectory(path)) return ErrnoStatus(EISDIR, "can't write", path);
  if (IsSpecialFile(path)) {
    const std::string name(path);
    if (access(name.c_str(), W_OK) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, "can't write", path);
  }
  const std::string probe = BesidePath(path, absl::StrCat(".probe.", getpid()));
  const FileDescriptor fd(
      open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() < 0) return ErrnoStatus(errno, "can't write", path);
  absl::Status status = WriteAll(fd.get(), "probe", path);
  unlink(probe.c_str());
  return status;
}

std::string FreshName(absl::string_view path) { return Beside(path, "new"); }
std::string AsideName(absl::string_view path) { return Beside(path, "old"); }
std::string WorkersName(absl::string_view path) {
  return Beside(path, "workers");
}
std::string LockName(absl::string_view path) { return Beside(path, "lock"); }

absl::Status ReplaceDirectory(absl::string_view fresh, absl::string_view path) {
  const std::string from = WithoutSlashes(fresh);
  const std::string to = WithoutSlashes(path);
  const std::string aside = AsideName(to);
  if (!IsDirectory(from)) return ErrnoStatus(ENOTDIR, "can't use", from);
  SyncDirectory(from);
  if (!FileExists(to)) {
    if (rename(from.c_str(), to.c_str()) != 0) {
      return ErrnoStatus(errno, "can't replace", to);
    }
    SyncDirectory(Dirname(to));
    return RemoveAll(aside);
  }
  if (!IsDirectory(to)) return ErrnoStatus(ENOTDIR, "can't replace", to);
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                RENAME_EXCHANGE) == 0) {
    SyncDirectory(Dirname(to));
    // `fresh` now names the former folder.
    ARCTRM_RETURN_IF_ERROR(RemoveAll(from));
    return RemoveAll(aside);
  }
  // A file system without exchange: in between, ResolveDirectory finds the
  // set-aside copy.
  ARCTRM_RETURN_IF_ERROR(RemoveAll(aside));
  if (rename(to.c_str(), aside.c_str()) != 0) {
    return ErrnoStatus(errno, "can't replace", to);
  }
  if (rename(from.c_str(), to.c_str()) != 0) {
    absl::Status status = ErrnoStatus(errno, "can't replace", to);
    ARCTRM_RETURN_IF_ERROR(RenameFile(aside, to));
    return status;
  }
  SyncDirectory(Dirname(to));
  return RemoveAll(aside);
}

absl::StatusOr<std::string> ResolveDirectory(absl::string_view path) {
  const std::string to = WithoutSlashes(path);
  if (FileExists(to)) return std::string(path);
  const std::string aside = AsideName(to);
  if (!IsDirectory(aside)) return ErrnoStatus(ENOENT, "can't read", path);
  if (rename(aside.c_str(), to.c_str()) != 0) {
    return ErrnoStatus(errno, "can't restore", path);
  }
  SyncDirectory(Dirname(to));
  return std::string(path);
}

std::string BesidePath(absl::string_view path, absl::string_view suffix) {
  const std::string whole = WithoutSlashes(path);
  const std::string name = Basename(whole);
  const size_t limit = NameLimit(Dirname(whole));
  std::string beside = absl::StrCat(whole, suffix);
  if (name.size() + suffix.size() <= limit) return beside;
  constexpr size_t kHashDigits = 12;
  const std::string end =
      absl::StrCat("~", Sha256Hex(name).substr(0, kHashDigits), suffix);
  size_t kept = end.size() < limit ? limit - end.size() : 0;
  // Not in the middle of a character.
  while (kept > 0 && (static_cast<uint8_t>(name[kept]) & 0xC0) == 0x80) --kept;
  return absl::StrCat(whole.substr(0, whole.size() - name.size() + kept), end);
}

absl::Status CheckNameLength(absl::string_view path) {
  const std::string whole = WithoutSlashes(path);
  const size_t size = Basename(whole).size();
  const size_t limit = NameLimit(Dirname(whole));
  if (size <= limit) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": the name has ", size, " bytes, at most ", limit,
                   " are possible there; choose a shorter one"));
}

std::string JoinPath(absl::string_view dir, absl::string_view name) {
  return (PathOf(dir) / PathOf(name)).string();
}

std::string Basename(absl::string_view path) {
  fs::path p = PathOf(path);
  if (!p.has_filename()) p = p.parent_path();
  return p.filename().string();
}

std::string Dirname(absl::string_view path) {
  fs::path p = PathOf(path);
  if (!p.has_filename()) p = p.parent_path();
  const std::string parent = p.parent_path().string();
  return parent.empty() ? "." : parent;
}

int64_t PeakMemoryBytes() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

absl::StatusOr<int64_t> ParseBytes(absl::string_view text) {
  struct Unit {
    absl::string_view name;
    double bytes;
  };
  constexpr double kKi = 1024;
  const Unit units[] = {{"KiB", kKi},
                        {"MiB", kKi * kKi},
                        {"GiB", kKi * kKi * kKi},
                        {"KB", 1e3},
                        {"MB", 1e6},
                        {"GB", 1e9},
                        {"B", 1},
                        {"", 1}};
  for (const Unit& unit : units) {
    if (text.size() <= unit.name.size() ||
        text.substr(text.size() - unit.name.size()) != unit.name) {
      continue;
    }
    double value = 0;
    const absl::string_view number =
        text.substr(0, text.size() - unit.name.size());
    // SimpleAtod alone would also take signs, "inf" and "0x10".
    if (number.find_first_not_of("0123456789.") == absl::string_view::npos &&
        absl::SimpleAtod(number, &value) && value * unit.bytes < 9e18) {
      return static_cast<int64_t>(std::llround(value * unit.bytes));
    }
    break;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text, "\" is no size: expected 512MiB, 2GiB, 100KB or bytes"));
}

}  // namespace arctrm
