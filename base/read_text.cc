// SPDX-License-Identifier: MIT
#include "base/read_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/compress.h"
#include "base/file_kind.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr int64_t kMostBytes = int64_t{4} << 30;

// What Linux says can be had without swapping; -1 where it doesn't.
int64_t AvailableMemory() {
  const absl::StatusOr<std::string> text = ReadFile("/proc/meminfo");
  if (!text.ok()) return -1;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (!absl::ConsumePrefix(&line, "MemAvailable:") ||
        !absl::ConsumeSuffix(&line, " kB")) {
      continue;
    }
    int64_t kib = 0;
    if (absl::SimpleAtoi(line, &kib)) return kib * 1024;
  }
  return -1;
}

}  // namespace

int64_t MostUnpackedBytes() {
  const int64_t available = AvailableMemory();
  return available < 0 ? kMostBytes : std::min(kMostBytes, available / 2);
}

absl::StatusOr<std::string> Unpack(std::string bytes, int64_t max_bytes) {
  switch (FileKindOf(bytes)) {
    case FileKind::kGzip:
      return GzipUnpack(bytes, max_bytes);
    case FileKind::kZstd:
      return ZstdUnpack(bytes, max_bytes);
    default:
      return bytes;
  }
}

absl::StatusOr<std::string> ReadTextFile(absl::string_view path) {
  ARCTRM_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
  const bool packed = FileKindOf(bytes) == FileKind::kGzip ||
                      FileKindOf(bytes) == FileKind::kZstd;
  absl::StatusOr<std::string> text =
      Unpack(std::move(bytes), MostUnpackedBytes());
  absl::Status status = text.status();
  if (status.ok()) {
    status = CheckIsText(*text);
    if (packed) status = Annotate(status, "packed in it");
  }
  ARCTRM_RETURN_IF_ERROR(Annotate(status, path));
  return text;
}

}  // namespace arctrm
