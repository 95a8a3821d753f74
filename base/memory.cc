// SPDX-License-Identifier: MIT
#include "base/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"

namespace arctrm {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

// Reads a file that holds one number; kUnlimited for "max" and without a
// number.
int64_t NumberIn(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  int64_t number = 0;
  if (!text.ok() ||
      !absl::SimpleAtoi(absl::StripAsciiWhitespace(*text), &number)) {
    return kUnlimited;
  }
  return number;
}

// Finds `name` in lines such as "Name:   123 kB"; returns bytes.
int64_t KilobytesOf(const std::string& path, absl::string_view name) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return kUnlimited;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (!absl::StartsWith(line, name)) continue;
    const std::vector<absl::string_view> words = absl::StrSplit(
        line.substr(name.size()), absl::ByAnyChar(" \t"), absl::SkipEmpty());
    int64_t number = 0;
    if (!words.empty() && absl::SimpleAtoi(words[0], &number)) {
      return number * 1024;
    }
  }
  return kUnlimited;
}

// Bytes left below the limit of a control group; page cache that the kernel can
// drop counts as free.
int64_t LeftInGroup(const std::string& dir, absl::string_view limit_name,
                    absl::string_view usage_name,
                    absl::string_view cache_name) {
  const int64_t limit = NumberIn(absl::StrCat(dir, "/", limit_name));
  const int64_t used = NumberIn(absl::StrCat(dir, "/", usage_name));
  // Version 1 writes "no limit" as a number near the largest.
  if (limit > kUnlimited / 2 || used == kUnlimited) return kUnlimited;
  int64_t cache = 0;
  const absl::StatusOr<std::string> stat =
      ReadFile(absl::StrCat(dir, "/memory.stat"));
  if (stat.ok()) {
    for (absl::string_view line : absl::StrSplit(*stat, '\n')) {
      const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
      if (words.size() == 2 && words[0] == cache_name) {
        (void)absl::SimpleAtoi(words[1], &cache);
      }
    }
  }
  return std::max<int64_t>(0, limit - used + cache);
}

// The minimum over the control groups of this process.
int64_t LeftInControlGroups() {
  constexpr char kRoot[] = "/sys/fs/cgroup";
  int64_t left = kUnlimited;
  const auto climb = [&](const std::string& root, std::string group,
                         absl::string_view limit, absl::string_view usage,
                         absl::string_view cache) {
    for (;;) {
      left = std::min(left, LeftInGroup(root + group, limit, usage, cache));
      if (group.empty()) return;
      const size_t slash = group.rfind('/');
      group.resize(slash == std::string::npos ? 0 : slash);
    }
  };
  const absl::StatusOr<std::string> groups = ReadFile("/proc/self/cgroup");
  if (!groups.ok()) return left;
  for (absl::string_view line : absl::StrSplit(*groups, '\n')) {
    const std::vector<std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::string group = parts[2] == "/" ? "" : parts[2];
    if (parts[1].empty()) {
      climb(kRoot, group, "memory.max", "memory.current", "inactive_file");
    } else if (absl::StrContains(absl::StrCat(",", parts[1], ","),
                                 ",memory,")) {
      climb(absl::StrCat(kRoot, "/memory"), group, "memory.limit_in_bytes",
            "memory.usage_in_bytes", "total_inactive_file");
    }
  }
  return left;
}

// Bytes left below the limit of this process for `field` of /proc/self/status.
int64_t LeftBelow(decltype(RLIMIT_AS) resource, absl::string_view field) {
  struct rlimit limit = {};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return kUnlimited;
  }
  const int64_t used = KilobytesOf("/proc/self/status", field);
  if (used == kUnlimited) return kUnlimited;
  return std::max<int64_t>(0, static_cast<int64_t>(limit.rlim_cur) - used);
}

}  // namespace

int64_t ResidentBytes() {
  const absl::StatusOr<std::string> statm = ReadFile("/proc/self/statm");
  if (!statm.ok()) return 0;
  const std::vector<std::string> words = absl::StrSplit(*statm, ' ');
  int64_t pages = 0;
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &pages)) return 0;
  return pages * sysconf(_SC_PAGESIZE);
}

int64_t AvailableMemoryBytes() {
  return std::min({KilobytesOf("/proc/meminfo", "MemAvailable:"),
                   LeftInControlGroups(), LeftBelow(RLIMIT_AS, "VmSize:"),
                   LeftBelow(RLIMIT_DATA, "VmData:")});
}

}  // namespace arctrm
