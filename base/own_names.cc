// SPDX-License-Identifier: MIT
#include "base/own_names.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kTemporary = "tmp";
constexpr absl::string_view kLockUse = "lock";
constexpr absl::string_view kAsideUse = "old";
constexpr absl::string_view kWorkersUse = "workers";
// A process on another machine may still use a recently written file.
constexpr time_t kFreshS = 60;
// Messages of workers of a failed run stay readable for this time.
constexpr time_t kToldS = 3600;

bool IsYounger(const struct stat& info, time_t seconds) {
  return time(nullptr) - std::max(info.st_mtime, info.st_ctime) < seconds;
}

// Removes a regular file of this user that no process has locked.
void RemoveFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  struct stat info = {};
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1 &&
      info.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0) {
    unlink(path.c_str());
  }
  close(fd);
}

void RemoveLeftover(const std::string& dir, const std::string& name,
                    const OwnName& own) {
  const std::string path = JoinPath(dir, name);
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0 || info.st_uid != geteuid()) return;
  if (own.use == kTemporary) {
    const bool lives = kill(own.process, 0) == 0 || errno != ESRCH;
    if (!lives && !IsYounger(info, kFreshS)) RemoveFile(path);
    return;
  }
  if (own.use == kAsideUse ||
      (own.use == kWorkersUse && IsYounger(info, kToldS))) {
    return;
  }
  // The lock of its output; its destructor removes the lock file.
  const absl::StatusOr<std::unique_ptr<FileLock>> lock = FileLock::Take(
      JoinPath(dir, absl::StrCat(kOwnPrefix, kLockUse, "-", own.hash)), dir);
  if (!lock.ok() || own.use == kLockUse) return;
  if (S_ISREG(info.st_mode)) RemoveFile(path);
  if (S_ISDIR(info.st_mode)) RemoveAll(path).IgnoreError();
}

}  // namespace

std::optional<OwnName> ParseOwnName(absl::string_view name) {
  constexpr absl::string_view kUses[] = {"new",     "spare", "old", "lock",
                                         "workers", "room",  "tmp"};
  if (!absl::ConsumePrefix(&name, kOwnPrefix)) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '-');
  if (parts.size() < 2) return std::nullopt;
  OwnName own;
  own.use = std::string(parts[0]);
  own.hash = std::string(parts[1]);
  const bool temporary = own.use == kTemporary;
  int number = 0;
  if (std::find(std::begin(kUses), std::end(kUses), parts[0]) ==
          std::end(kUses) ||
      own.hash.size() != kOwnNameDigits ||
      own.hash.find_first_not_of("0123456789abcdef") != std::string::npos ||
      parts.size() != (temporary ? 4U : 2U) ||
      (temporary &&
       (!absl::SimpleAtoi(parts[2], &own.process) || own.process <= 0 ||
        !absl::SimpleAtoi(parts[3], &number)))) {
    return std::nullopt;
  }
  return own;
}

bool IsOwnName(absl::string_view name) {
  return ParseOwnName(name).has_value();
}

void RemoveLeftovers(const std::string& dir) {
  std::vector<std::pair<std::string, OwnName>> found;
  std::error_code error;
  for (fs::directory_iterator it(fs::path(dir), error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    std::string name = it->path().filename().string();
    std::optional<OwnName> own = ParseOwnName(name);
    if (own.has_value()) found.emplace_back(std::move(name), *std::move(own));
  }
  for (const auto& [name, own] : found) RemoveLeftover(dir, name, own);
}

}  // namespace arctrm
