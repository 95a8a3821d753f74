// SPDX-License-Identifier: MIT
#include "base/files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/exceptions.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/out_of_memory.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/stream.h"

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
  void Reset(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }
  // Returns whether closing succeeded; it may be the first to report a full
  // disk.
  bool Close() {
    const int fd = fd_;
    fd_ = -1;
    return close(fd) == 0;
  }

 private:
  int fd_;
};

// `waits`: wait for a slow reader until a stop signal.
absl::Status WriteAll(int fd, absl::string_view bytes, absl::string_view path,
                      bool waits = false) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR && !(waits && StopSignal() != 0)) continue;
      if (errno == EINTR) return StoppedError(absl::StrCat("writing ", path));
      return ErrnoStatus(errno, "can't write", path);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// A rename is durable only after its folder is synced.
void SyncDirectory(const std::string& dir) {
  const FileDescriptor fd(
      open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) fsync(fd.get());
}

// "dir/" and "dir" are the same folder.
std::string WithoutSlashes(absl::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return std::string(path);
}

// The result is short even if the name of `path` is long.
std::string Beside(absl::string_view path, absl::string_view use) {
  const std::string whole = WithoutSlashes(path);
  return JoinPath(
      Dirname(whole),
      absl::StrCat(kOwnPrefix, use, "-",
                   Sha256Hex(Basename(whole)).substr(0, kOwnNameDigits)));
}

// Removes the file of a killed process that had the same number.
int OpenFresh(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  const int fd = open(path.c_str(), kFlags, 0644);
  if (fd >= 0 || errno != EEXIST) return fd;
  unlink(path.c_str());
  return open(path.c_str(), kFlags, 0644);
}

// Maximum length of a name in `dir`.
size_t NameLimit(const std::string& dir) {
  constexpr size_t kUsual = 255;
  const long limit = pathconf(dir.c_str(), _PC_NAME_MAX);
  return limit > 0 ? static_cast<size_t>(limit) : kUsual;
}

// The descriptor named by "/dev/stdout", "/dev/fd/3" …; -1 for other paths.
// Opening such a path would truncate the file, and a rename would replace it.
int StreamOf(absl::string_view path) {
  if (path == "/dev/stdin") return STDIN_FILENO;
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  int fd = -1;
  const bool named = absl::ConsumePrefix(&path, "/dev/fd/") ||
                     absl::ConsumePrefix(&path, "/proc/self/fd/");
  return named && absl::SimpleAtoi(path, &fd) && fd >= 0 ? fd : -1;
}

absl::Status WriteInPlace(absl::string_view path, absl::string_view bytes) {
  const int stream = StreamOf(path);
  if (stream >= 0) return WriteWholeStream(stream, bytes);
  const std::string name(path);
  FileDescriptor fd(open(name.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.get() < 0) return ErrnoStatus(errno, "can't write", path);
  ARCTRM_RETURN_IF_ERROR(WriteAll(fd.get(), bytes, path, /*waits=*/true));
  if (!fd.Close()) return ErrnoStatus(errno, "can't write", path);
  return absl::OkStatus();
}

// The kind of a file that cannot be read or written as a whole; "" for others.
absl::string_view KindOf(const struct stat& info) {
  if (S_ISFIFO(info.st_mode)) return "a FIFO";
  if (S_ISSOCK(info.st_mode)) return "a socket";
  if (S_ISBLK(info.st_mode)) return "a block device";
  const bool null = info.st_rdev == makedev(1, 3);
  return S_ISCHR(info.st_mode) && !null ? "a device" : "";
}

// Waits until `fd`, perhaps a pipe or a terminal, has data or has ended.
absl::Status AwaitInput(int fd, absl::string_view path) {
  constexpr int kLookMs = 100;
  for (;;) {
    if (StopSignal() != 0) return StoppedError(absl::StrCat("reading ", path));
    pollfd poll = {fd, POLLIN, 0};
    const int ready = ::poll(&poll, 1, kLookMs);
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR && errno != EAGAIN) {
      return ErrnoStatus(errno, "can't read", path);
    }
  }
}

// A file that is read whole must fit into free memory.
absl::Status CheckFitsMemory(int64_t bytes, absl::string_view path) {
  constexpr int64_t kSmall = int64_t{64} << 20;
  if (bytes < kSmall) return absl::OkStatus();
  const int64_t free = AvailableMemoryBytes();
  if (bytes <= free) return absl::OkStatus();
  return OutOfMemoryError(absl::StrCat(
      "can't read ", path, ": it has ", bytes >> 20,
      " MiB or more, but memory has room for ", free >> 20, " MiB"));
}

absl::StatusOr<std::string> ReadToEnd(int fd, const struct stat& info,
                                      absl::string_view path) {
  const bool waits = !S_ISREG(info.st_mode);
  std::string bytes;
  ARCTRM_RETURN_IF_ERROR(CheckFitsMemory(info.st_size, path));
  if (info.st_size > 0) bytes.reserve(static_cast<size_t>(info.st_size));
  char buffer[1 << 16];
  for (;;) {
    if (waits) ARCTRM_RETURN_IF_ERROR(AwaitInput(fd, path));
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0) {
      if (errno == EINTR || (waits && errno == EAGAIN)) continue;
      return ErrnoStatus(errno, "can't read", path);
    }
    if (n == 0) return bytes;
    const size_t more = static_cast<size_t>(n);
    if (bytes.size() + more > bytes.capacity()) {
      ARCTRM_RETURN_IF_ERROR(
          CheckFitsMemory(3 * static_cast<int64_t>(bytes.size()), path));
    }
    if (!waits && StopSignal() != 0 && bytes.size() > (size_t{1} << 28)) {
      return StoppedError(absl::StrCat("reading ", path));
    }
    bytes.append(buffer, more);
  }
}

// Makes a file in the folder that will hold `path`. It has no name, so that
// nothing is left if this process is killed.
absl::Status OpenProbe(absl::string_view path, FileDescriptor& fd) {
  const std::string dir = Dirname(path);
  fd.Reset(open(dir.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (fd.get() < 0 &&
      (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    const std::string probe = JoinPath(dir, absl::StrCat(kOwnPrefix, getpid()));
    fd.Reset(
        open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    // The open file is enough, so its name is removed at once.
    if (fd.get() >= 0) unlink(probe.c_str());
  }
  if (fd.get() < 0) return ErrnoStatus(errno, "can't write", path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(absl::string_view path) {
  const std::string name(path);
  // Opening must not wait for the writer of a FIFO, as no signal would end it.
  const FileDescriptor fd(
      open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0 && errno == ENXIO) {
    return absl::FailedPreconditionError(absl::StrCat(
        "can't read ", path, ": it is a socket, expected a file or a pipe"));
  }
  if (fd.get() < 0) return ErrnoStatus(errno, "can't read", path);
  struct stat info = {};
  if (fstat(fd.get(), &info) != 0) {
    return ErrnoStatus(errno, "can't read", path);
  }
  if (S_ISDIR(info.st_mode)) return ErrnoStatus(EISDIR, "can't read", path);
  const absl::string_view kind = KindOf(info);
  if (!kind.empty() && !S_ISFIFO(info.st_mode) && isatty(fd.get()) == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "can't read ", path, ": it is ", kind, ", expected a file or a pipe"));
  }
  return CatchExceptions(absl::StrCat("can't read ", path),
                         [&] { return ReadToEnd(fd.get(), info, path); });
}

absl::Status WriteFileAtomically(absl::string_view path,
                                 absl::string_view bytes) {
  const std::string name(path);
  if (IsDirectory(path)) return ErrnoStatus(EISDIR, "can't write", path);
  if (IsSpecialFile(path)) return WriteInPlace(path, bytes);
  // A watchdog and its work may write the same file at the same time.
  static std::atomic<int> writes{0};
  const std::string temporary = absl::StrCat(Beside(path, "tmp"), "-", getpid(),
                                             "-", writes.fetch_add(1));
  FileDescriptor fd(OpenFresh(temporary));
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
  const int stream = StreamOf(path);
  constexpr absl::Duration kPatience = absl::Seconds(1);
  if (stream >= 0) return WriteStream(stream, kPatience, bytes);
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

absl::Status CheckCanLook(absl::string_view path) {
  const std::string name(path);
  struct stat info = {};
  if (stat(name.c_str(), &info) == 0 || errno == ENOENT || errno == ENOTDIR) {
    return absl::OkStatus();
  }
  return ErrnoStatus(errno, "can't look at", path);
}

bool IsSpecialFile(absl::string_view path) {
  if (StreamOf(path) >= 0) return true;
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
    // Skips dangling links without an error.
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

absl::Status CheckFileName(absl::string_view path) {
  const std::string name = fs::path(StdView(path)).filename().string();
  if (path.empty() || (!name.empty() && name != "." && name != "..")) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": this names a folder, expected the name of a file",
                   name.empty() ? "; remove the slash at its end" : ""));
}

absl::Status CheckFolderName(absl::string_view path) {
  const std::string name = Basename(WithoutSlashes(path));
  if (name != "." && name != "..") return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": the folder is replaced as a whole, so give its name instead of ",
      name));
}

absl::Status CheckIsFile(absl::string_view path) {
  ARCTRM_RETURN_IF_ERROR(CheckNameLength(path));
  ARCTRM_RETURN_IF_ERROR(CheckFileName(path));
  if (IsDirectory(path)) return ErrnoStatus(EISDIR, "can't write", path);
  const int stream = StreamOf(path);
  if (stream >= 0) {
    const int flags = fcntl(stream, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY) return absl::OkStatus();
    return ErrnoStatus(EBADF, "can't write", path);
  }
  const std::string name(path);
  struct stat info = {};
  if (stat(name.c_str(), &info) != 0) return absl::OkStatus();
  const absl::string_view kind = KindOf(info);
  if (kind.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "can't write ", path, ": it is ", kind, "; give the name of a file"));
}

absl::Status CheckAppendable(absl::string_view path) {
  ARCTRM_RETURN_IF_ERROR(CheckIsFile(path));
  if (StreamOf(path) >= 0) return absl::OkStatus();
  const std::string name(path);
  const FileDescriptor there(
      open(name.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK));
  if (there.get() >= 0) return absl::OkStatus();
  if (errno != ENOENT) return ErrnoStatus(errno, "can't write", path);
  FileDescriptor fresh(-1);
  return OpenProbe(path, fresh);
}

absl::Status CheckWritable(absl::string_view path) {
  ARCTRM_RETURN_IF_ERROR(CheckIsFile(path));
  const std::string name(path);
  if (IsSpecialFile(path)) {
    if (StreamOf(path) >= 0 || access(name.c_str(), W_OK) == 0) {
      return absl::OkStatus();
    }
    return ErrnoStatus(errno, "can't write", path);
  }
  FileDescriptor fd(-1);
  absl::Status status = OpenProbe(path, fd);
  if (status.ok()) status = WriteAll(fd.get(), "probe", path);
  if (!absl::IsResourceExhausted(status)) return status;
  // An existing file can be overwritten.
  struct stat info = {};
  if (stat(name.c_str(), &info) == 0 && info.st_blocks > 0 &&
      access(name.c_str(), W_OK) == 0) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(status.message());
}

absl::StatusOr<int64_t> FreeBytes(absl::string_view dir) {
  std::string at(dir);
  struct statvfs info = {};
  while (statvfs(at.c_str(), &info) != 0) {
    if (errno != ENOENT || Dirname(at) == at) {
      return ErrnoStatus(errno, "can't determine the free space of", dir);
    }
    at = Dirname(at);
  }
  // With fewer free inodes the disk counts as full.
  constexpr fsfilcnt_t kFewFiles = 16;
  if (info.f_files > 0 && info.f_favail < kFewFiles) return 0;
  // Some file systems report no blocks.
  if (info.f_blocks == 0) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(info.f_bavail) *
         static_cast<int64_t>(info.f_frsize);
}

std::string FreshName(absl::string_view path) { return Beside(path, "new"); }
std::string SpareName(absl::string_view path) { return Beside(path, "spare"); }
std::string AsideName(absl::string_view path) { return Beside(path, "old"); }
std::string WorkersName(absl::string_view path) {
  return Beside(path, "workers");
}
std::string LockName(absl::string_view path) { return Beside(path, "lock"); }
std::string SpareFolderName(absl::string_view path) {
  return Beside(path, "room");
}

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
    // After the exchange, `fresh` names the former folder.
    ARCTRM_RETURN_IF_ERROR(RemoveAll(from));
    return RemoveAll(aside);
  }
  // The file system cannot exchange names. Between the two renames,
  // ResolveDirectory finds the former folder under its aside name.
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
  ARCTRM_RETURN_IF_ERROR(CheckCanLook(to));
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
  // Do not cut inside a UTF-8 character.
  while (kept > 0 && (static_cast<uint8_t>(name[kept]) & 0xC0) == 0x80) --kept;
  return absl::StrCat(whole.substr(0, whole.size() - name.size() + kept), end);
}

absl::Status CheckNameLength(absl::string_view path) {
  const std::string whole = WithoutSlashes(path);
  const size_t size = Basename(whole).size();
  const size_t limit = NameLimit(Dirname(whole));
  if (size <= limit) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": the name has ", size, " bytes, but at most ", limit,
                   " are allowed there; choose a shorter one"));
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
    // SimpleAtod alone would also accept signs, "inf" and "0x10".
    if (number.find_first_not_of("0123456789.") == absl::string_view::npos &&
        absl::SimpleAtod(number, &value) && value * unit.bytes < 9e18) {
      return static_cast<int64_t>(std::llround(value * unit.bytes));
    }
    break;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text, "\" is not a size: expected 512MiB, 2GiB, 100KB or bytes"));
}

}  // namespace arctrm
