// SPDX-License-Identifier: MIT
// dataset.json, the description of a dataset folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "augment/dataset.h"

namespace arctrm {

struct DatasetIndex {
  struct Shard {
    std::string file;
    int64_t tasks = 0;
    int64_t bytes = 0;      // of the file
    int64_t raw_bytes = 0;  // before compression
    std::string sha256;     // of the file
  };
  Canvas canvas;
  uint64_t seed = 0;
  int augmentations_asked = 0;
  // For comparison with the shards.
  int64_t tasks = 0;
  int64_t ids = 0;
  int64_t examples = 0;
  std::vector<Shard> shards;
};

// Fills all fields except the shards.
DatasetIndex IndexOf(const Dataset& dataset);
// The text of the file, with its checksum "self_sha256" (base/hash.h).
std::string IndexText(const DatasetIndex& index);
// DataLoss for damage, FailedPrecondition for another format or version.
absl::StatusOr<DatasetIndex> ParseIndex(absl::string_view text,
                                        absl::string_view path);

}  // namespace arctrm
