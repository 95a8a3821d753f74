// SPDX-License-Identifier: MIT
#include "pipeline/spare_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/hash.h"

namespace arctrm {
namespace {

// The device of `path`, or of the nearest existing folder above it.
dev_t DeviceOf(std::string path) {
  struct stat info = {};
  while (stat(path.c_str(), &info) != 0 && Dirname(path) != path) {
    path = Dirname(path);
  }
  return info.st_dev;
}

// False if another user has put something there.
bool IsFreeOrOwn(const std::string& path) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) return true;
  return S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

}  // namespace

std::string SpareFolder(const std::string& work, int64_t least) {
  std::error_code error;
  const std::string whole = std::filesystem::absolute(work, error).string();
  const std::string name = absl::StrCat(
      "arctrm-", geteuid(), "-", Sha256Hex(whole).substr(0, 8), ".spare");
  const dev_t device = DeviceOf(work);
  std::string best;
  int64_t most = least - 1;
  const char* const temporary = std::getenv("TMPDIR");
  for (const char* dir : {temporary, "/tmp", "/var/tmp", "/dev/shm"}) {
    if (dir == nullptr || !IsDirectory(dir) || DeviceOf(dir) == device) {
      continue;
    }
    const std::string path = JoinPath(dir, name);
    const absl::StatusOr<int64_t> free = FreeBytes(dir);
    if (free.ok() && *free > most && IsFreeOrOwn(path) &&
        CheckWritable(path).ok()) {
      best = path;
      most = *free;
    }
  }
  return best;
}

}  // namespace arctrm
