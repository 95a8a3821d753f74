// SPDX-License-Identifier: MIT
// Reads a ballots file with any bytes as lines.
#include "base/compress.h"
#include "tests/testing/fuzz.h"
#include "tta/ballots.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const arctrm::MemoryFile file;
  const std::string frame = arctrm::ZstdCompress(
      {reinterpret_cast<const char*>(data), size}, /*level=*/1);
  file.Put(reinterpret_cast<const uint8_t*>(frame.data()), frame.size());
  const auto ballots = arctrm::Ballots::Read(file.path());
  if (ballots.ok() && ballots->num_votes() < 0) abort();
  return 0;
}
