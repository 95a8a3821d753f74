// SPDX-License-Identifier: MIT
// What a file is, by its first bytes: for readers that find something other
// than they expect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

enum class FileKind {
  kUnknown,  // text, or bytes that no other kind fits
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
  kServerMessage,  // "404: Not Found", what a failed download saves
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

// As many bytes from the beginning of a file as FileKindOf looks at.
inline constexpr size_t kFileKindBytes = 1024;

// `bytes`: the file or its beginning.
FileKind FileKindOf(absl::string_view bytes);

// What `bytes` are and what to do, for a message after the path: "a git-lfs
// pointer, not the file itself (28374123 bytes): fetch it with git lfs pull".
// For kUnknown "". `bytes` as for FileKindOf.
std::string DescribeFileKind(FileKind kind, absl::string_view bytes);

// Whether the first of `bytes` are control characters (NUL among them) in a
// share that no text has, damaged text included.
bool LooksBinary(absl::string_view bytes);

// InvalidArgument, without a path, for whatever is not text of ASCII or UTF-8,
// with DescribeFileKind's words; an empty file is text.
absl::Status CheckIsText(absl::string_view bytes);

}  // namespace arctrm
