// SPDX-License-Identifier: MIT
#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

// A lock file holds a process number of at most this length.
constexpr size_t kMostDigits = 24;

// The file holds the number of the process that uses `what`.
absl::Status InUse(const std::string& path, const std::string& what) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  int64_t pid = 0;
  const bool known =
      text.ok() && absl::SimpleAtoi(absl::StripAsciiWhitespace(*text), &pid);
  return absl::AlreadyExistsError(absl::StrCat(
      what, ": another arctrm is using it",
      known ? absl::StrCat(" (process ", pid, ")") : "",
      "; wait until that ends, stop it",
      known ? absl::StrCat(" (kill ", pid, ")") : "", ", or name another"));
}

// Is the locked file still the one at `path`? The former holder may have
// removed it.
bool IsStill(int fd, const std::string& path) {
  struct stat locked = {};
  struct stat named = {};
  return fstat(fd, &locked) == 0 && stat(path.c_str(), &named) == 0 &&
         locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

// A lock file is overwritten and removed, so a foreign file of that name is
// refused.
absl::Status CheckIsLock(int fd, const std::string& path) {
  char text[kMostDigits + 1];
  struct stat info = {};
  const ssize_t size = pread(fd, text, sizeof(text), 0);
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink <= 1 &&
      size >= 0 && size <= static_cast<ssize_t>(kMostDigits) &&
      absl::string_view(text, static_cast<size_t>(size))
              .find_first_not_of("0123456789\n") == absl::string_view::npos) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      path, ": arctrm needs this name for its lock; move the file away"));
}

// Paths of the locks that this process holds. Never destroyed.
struct HeldLocks {
  std::mutex mutex;
  std::set<std::string> paths;  // guarded by mutex
  static HeldLocks& Get() {
    static HeldLocks* const held = new HeldLocks;
    return *held;
  }
};

}  // namespace

FileLock::FileLock(std::string path, int fd, std::string before)
    : path_(std::move(path)), fd_(fd), before_(std::move(before)) {
  HeldLocks& held = HeldLocks::Get();
  const std::lock_guard<std::mutex> guard(held.mutex);
  held.paths.insert(path_);
}

void FileLock::RemoveFilesOfHeld() {
  HeldLocks& held = HeldLocks::Get();
  const std::unique_lock<std::mutex> guard(held.mutex, std::try_to_lock);
  if (!guard.owns_lock()) return;
  for (const std::string& path : held.paths) unlink(path.c_str());
}

FileLock::~FileLock() {
  {
    HeldLocks& held = HeldLocks::Get();
    const std::lock_guard<std::mutex> guard(held.mutex);
    held.paths.erase(path_);
  }
  if (leave_ && !before_.empty()) {
    if (ftruncate(fd_, 0) == 0) {
      (void)!pwrite(fd_, before_.data(), before_.size(), 0);
    }
  } else {
    // Remove the file before unlocking, so that no other process can hold it.
    unlink(path_.c_str());
  }
  close(fd_);
}

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Take(
    const std::string& path, const std::string& what) {
  for (;;) {
    const int fd =
        open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return ErrnoStatus(errno, "can't write", path);
    const absl::Status ours = CheckIsLock(fd, path);
    if (!ours.ok()) {
      close(fd);
      return ours;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      close(fd);
      return InUse(path, what);
    }
    if (!IsStill(fd, path)) {
      close(fd);
      continue;
    }
    std::string before(kMostDigits, '\0');
    const ssize_t size = pread(fd, before.data(), before.size(), 0);
    before.resize(size > 0 ? static_cast<size_t>(size) : 0);
    const std::string pid = absl::StrCat(getpid(), "\n");
    // The number is only for messages; a full disk may lack it.
    if (ftruncate(fd, 0) == 0) (void)!write(fd, pid.data(), pid.size());
    return std::unique_ptr<FileLock>(new FileLock(path, fd, std::move(before)));
  }
}

absl::Status CheckNotLocked(const std::string& path, const std::string& what) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return absl::OkStatus();
  const bool held = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(fd);
  return held ? InUse(path, what) : absl::OkStatus();
}

}  // namespace arctrm
