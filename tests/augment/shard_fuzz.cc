// SPDX-License-Identifier: MIT
// Reads a shard and an index from any bytes, with corrected checksums.
#include <vector>

#include "augment/internal/dataset_index.h"
#include "augment/internal/dataset_shard.h"
#include "base/compress.h"
#include "base/hash.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)arctrm::ParseIndex(bytes, "fuzz");
  arctrm::Canvas canvas;
  canvas.side = 1 + data[0] % arctrm::kMaxSide;
  const absl::string_view raw = bytes.substr(2);
  const std::string frame = arctrm::ZstdCompress(raw, /*level=*/1);
  arctrm::DatasetIndex::Shard shard;
  shard.tasks = data[1] % 4;
  shard.bytes = static_cast<int64_t>(frame.size());
  shard.raw_bytes = static_cast<int64_t>(raw.size());
  shard.sha256 = arctrm::Sha256Hex(frame);
  std::vector<arctrm::DatasetTask> tasks;
  (void)arctrm::ReadShard(frame, shard, canvas, "fuzz", &tasks);
  return 0;
}
