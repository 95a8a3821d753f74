// SPDX-License-Identifier: MIT
// Recognises files by their first bytes, so that readers can name a file of an
// unexpected kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

enum class FileKind {
  kUnknown,  // text, or unrecognised bytes
  kEmpty,
  kGzip,
  kZstd,
  kBzip2,
  kXz,
  kLz4,
  kSevenZip,
  kRar,
  kZip,
  kTar,
  kLfsPointer,
  kHtml,
  kServerMessage,  // "404: Not Found", saved by a failed download
  kUtf16,
  kUtf32,
  kPickle,
  kNumpy,
  kParquet,
  kArrow,
  kHdf5,
  kSqlite,
  kSafetensors,
  kGguf,
  kPdf,
  kImage,
  kProgram,
};

// FileKindOf looks at this many bytes from the beginning of a file.
inline constexpr size_t kFileKindBytes = 1024;

// `bytes`: the file or its beginning.
FileKind FileKindOf(absl::string_view bytes);

// Names the kind and the remedy, for a message after the path: "a git-lfs
// pointer, not the file itself (28374123 bytes): fetch it with git lfs pull".
// "" for kUnknown. `bytes` as for FileKindOf.
std::string DescribeFileKind(FileKind kind, absl::string_view bytes);

// Do the first of `bytes` hold more control characters than even damaged text?
bool LooksBinary(absl::string_view bytes);

// InvalidArgument, without the path, unless `bytes` are ASCII or UTF-8 text.
// The message is DescribeFileKind's. An empty file is text.
absl::Status CheckIsText(absl::string_view bytes);

}  // namespace arctrm
