// SPDX-License-Identifier: MIT
#include "base/read_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "base/compress.h"
#include "base/file_kind.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr int64_t kMostBytes = int64_t{4} << 30;

bool IsPacked(absl::string_view bytes) {
  const FileKind kind = FileKindOf(bytes);
  return kind == FileKind::kGzip || kind == FileKind::kZstd;
}

}  // namespace

absl::string_view WithoutPacking(absl::string_view path) {
  for (absl::string_view packing : {".gz", ".gzip", ".zst", ".zstd"}) {
    if (absl::EndsWithIgnoreCase(path, packing)) {
      return path.substr(0, path.size() - packing.size());
    }
  }
  return path;
}

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
  // Some downloads are packed twice.
  constexpr int kMostLayers = 2;
  const int64_t most = MostUnpackedBytes();
  int layers = 0;
  for (; layers < kMostLayers && IsPacked(bytes); ++layers) {
    absl::StatusOr<std::string> inner = Unpack(std::move(bytes), most);
    ARCTRM_RETURN_IF_ERROR(Annotate(inner.status(), path));
    bytes = *std::move(inner);
  }
  absl::Status status = CheckIsText(bytes);
  if (layers > 0) status = Annotate(status, "packed in it");
  ARCTRM_RETURN_IF_ERROR(Annotate(status, path));
  return bytes;
}

}  // namespace arctrm
