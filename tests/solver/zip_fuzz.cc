// SPDX-License-Identifier: MIT
// Parses any bytes as a zip archive. Every member read must have the size and
// the CRC-32 of its directory entry.
#include <zlib.h>

#include <cstdlib>

#include "solver/checkpoint/zip.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using arctrm::internal::ZipFile;
  const auto zip = ZipFile::Open(arctrm::internal::BytesOf(
      std::string(reinterpret_cast<const char*>(data), size)));
  if (!zip.ok()) return 0;
  bool any_sum = false;
  for (const auto& member : zip->members()) {
    any_sum = any_sum || (member.crc != 0 && member.size > 0);
  }
  for (const auto& member : zip->members()) {
    const auto bytes = zip->Read(member, 1 << 20);
    if (!bytes.ok()) continue;
    if (bytes->size() != member.size) abort();
    const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(bytes->data()),
                             bytes->size());
    if (any_sum && sum != member.crc) abort();
  }
  return 0;
}
