// SPDX-License-Identifier: MIT
#include "base/read_text.h"

#include <algorithm>
#include <utility>

#include "base/compress.h"
#include "base/file_kind.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr int64_t kMostBytes = int64_t{4} << 30;

}  // namespace

int64_t MostUnpackedBytes() {
  return std::min(kMostBytes, AvailableMemoryBytes() / 2);
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
