// SPDX-License-Identifier: MIT
#include "base/replaced_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

using Check = std::function<absl::Status(const std::string&)>;

class OpenFile {
 public:
  OpenFile(const std::string& name, int flags)
      : fd_(open(name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, 0644)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  // The file's state if it is a regular file of this user with one name.
  std::optional<struct stat> OwnFile() const {
    struct stat info = {};
    if (fstat(fd_, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1 &&
        info.st_uid == geteuid()) {
      return info;
    }
    return std::nullopt;
  }

 private:
  const int fd_;
};

absl::Status WriteFromStart(int fd, absl::string_view bytes,
                            absl::string_view path) {
  off_t at = 0;
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), at);
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "can't write", path);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
    at += n;
  }
  return absl::OkStatus();
}

bool Reserve(int fd, int64_t bytes) {
  return bytes <= 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, bytes) == 0;
}

// Reserves as much of `room` as the disk has.
void ReserveSome(int fd, int64_t room, int64_t least) {
  for (; room > least; room /= 2) {
    if (Reserve(fd, room) || (errno != ENOSPC && errno != EDQUOT)) return;
  }
  Reserve(fd, least);
}

absl::Status CutTo(int fd, int64_t size, absl::string_view path) {
  struct stat info = {};
  if (fstat(fd, &info) == 0 && info.st_size <= size) return absl::OkStatus();
  if (ftruncate(fd, size) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "can't write", path);
}

void Sync(const std::string& dir) {
  const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

absl::Status OverwriteInPlace(const std::string& path, absl::string_view bytes,
                              const Check& check, const absl::Status& why) {
  const OpenFile file(path, O_RDWR);
  if (!file.ok() || !file.OwnFile().has_value()) return why;
  ARCTRM_ASSIGN_OR_RETURN(const std::string before, ReadFile(path));
  const auto size = static_cast<int64_t>(bytes.size());
  const bool has_room = size <= static_cast<int64_t>(before.size());
  if (!Reserve(file.get(), size) && !(has_room && errno == EOPNOTSUPP)) {
    return why;
  }
  std::string padded(bytes);
  padded.resize(std::max(padded.size(), before.size()), ' ');
  absl::Status status = WriteFromStart(file.get(), padded, path);
  if (status.ok()) status = CutTo(file.get(), size, path);
  if (status.ok() && fsync(file.get()) != 0 && errno != EINVAL) {
    status = ErrnoStatus(errno, "can't write", path);
  }
  if (status.ok()) status = check(path);
  if (!status.ok()) {
    // The blocks are already reserved, so this cannot fail for want of room.
    WriteFromStart(file.get(), before, path).IgnoreError();
    CutTo(file.get(), static_cast<int64_t>(before.size()), path).IgnoreError();
  }
  return status;
}

// Opens and locks the spare. On failure returns null and sets `why`.
std::unique_ptr<OpenFile> OpenSpare(const std::string& spare,
                                    absl::Status& why) {
  for (int tries = 0; tries < 2; ++tries) {
    auto file = std::make_unique<OpenFile>(spare, O_RDWR | O_CREAT);
    if (!file->ok()) {
      why = ErrnoStatus(errno, "can't write", spare);
      if (absl::IsResourceExhausted(why)) return nullptr;
      unlink(spare.c_str());
      continue;
    }
    if (flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
      why = absl::UnavailableError(
          absl::StrCat(spare, ": another process writes to it"));
      return nullptr;
    }
    // Another process may have exchanged it before we got the lock.
    const std::optional<struct stat> own = file->OwnFile();
    struct stat named = {};
    if (own.has_value() && lstat(spare.c_str(), &named) == 0 &&
        named.st_ino == own->st_ino && named.st_dev == own->st_dev) {
      return file;
    }
    if (own.has_value()) continue;
    unlink(spare.c_str());
  }
  why = absl::UnavailableError(absl::StrCat(spare, ": can't be used"));
  return nullptr;
}

// Exchanges the two files, or only renames `spare` to `path` if the file system
// cannot exchange.
absl::Status ChangePlaces(const std::string& spare, const std::string& path) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
      renameat2(AT_FDCWD, spare.c_str(), AT_FDCWD, path.c_str(),
                RENAME_EXCHANGE) == 0) {
    return absl::OkStatus();
  }
  if (rename(spare.c_str(), path.c_str()) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "can't write", path);
}

// Prepares `spare` for the next replacement.
void KeepSpare(const std::string& spare, mode_t mode, int64_t room,
               int64_t least) {
  {
    const OpenFile file(spare, O_RDWR | O_CREAT);
    if (!file.ok() || flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
    const std::optional<struct stat> own = file.OwnFile();
    if (own.has_value() && own->st_mode == mode) {
      return ReserveSome(file.get(), room, least);
    }
  }
  // Do not keep a file of another user, or one with several names, as the
  // spare.
  unlink(spare.c_str());
  const OpenFile file(spare, O_RDWR | O_CREAT);
  if (file.ok()) ReserveSome(file.get(), room, least);
}

}  // namespace

absl::Status ReplaceFile(absl::string_view path, absl::string_view bytes,
                         int64_t room, const Check& check) {
  const std::string name(path);
  if (IsDirectory(path)) return ErrnoStatus(EISDIR, "can't write", path);
  const std::string spare = SpareName(path);
  const auto size = static_cast<int64_t>(bytes.size());
  absl::Status status;
  std::unique_ptr<OpenFile> file = OpenSpare(spare, status);
  if (file == nullptr && absl::IsResourceExhausted(status)) {
    return OverwriteInPlace(name, bytes, check, status);
  }
  if (file == nullptr) {
    return absl::IsUnavailable(status) ? WriteFileAtomically(path, bytes)
                                       : status;
  }
  status = WriteFromStart(file->get(), bytes, path);
  if (absl::IsResourceExhausted(status)) {
    file.reset();
    unlink(spare.c_str());
    return OverwriteInPlace(name, bytes, check, status);
  }
  struct stat info = {};
  if (status.ok()) status = CutTo(file->get(), size, path);
  if (status.ok()) ReserveSome(file->get(), room, size);
  if (status.ok()) status = check(spare);
  if (status.ok() && fsync(file->get()) != 0 && errno != EINVAL) {
    status = ErrnoStatus(errno, "can't write", path);
  }
  if (status.ok() && fstat(file->get(), &info) != 0) {
    status = ErrnoStatus(errno, "can't write", path);
  }
  if (status.ok()) status = ChangePlaces(spare, name);
  if (!status.ok()) {
    unlink(spare.c_str());
    return status;
  }
  Sync(Dirname(path));
  if (room > 0) {
    KeepSpare(spare, info.st_mode, room, size);
  } else {
    unlink(spare.c_str());
  }
  return absl::OkStatus();
}

void ReleaseRoom(absl::string_view path) {
  const std::string name(path);
  {
    const OpenFile spare(SpareName(path), O_RDWR);
    if (spare.ok() && spare.OwnFile().has_value() &&
        flock(spare.get(), LOCK_EX | LOCK_NB) == 0) {
      unlink(SpareName(path).c_str());
    }
  }
  const OpenFile file(name, O_RDWR);
  if (!file.ok()) return;
  const std::optional<struct stat> own = file.OwnFile();
  if (own.has_value() && ftruncate(file.get(), own->st_size) != 0) return;
}

}  // namespace arctrm
