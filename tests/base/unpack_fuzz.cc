// SPDX-License-Identifier: MIT
// Unpacks gzip and zstd, and recognises kinds of files.
#include <string>

#include "base/file_kind.h"
#include "base/read_text.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kMaxBytes = 1 << 20;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)arctrm::DescribeFileKind(arctrm::FileKindOf(bytes), bytes);
  const auto text = arctrm::Unpack(bytes, kMaxBytes);
  if (text.ok()) (void)arctrm::CheckIsText(*text);
  return 0;
}
