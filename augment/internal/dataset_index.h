// SPDX-License-Identifier: MIT
// dataset.json: what a dataset folder holds.
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
  // To be compared with what the shards hold.
  int64_t tasks = 0;
  int64_t ids = 0;
  int64_t examples = 0;
  std::vector<Shard> shards;
};

// All but the shards.
DatasetIndex IndexOf(const Dataset& dataset);
// The file's text. Its "self_sha256" is that of the text with 64 zeros in its
// place, so a changed byte anywhere shows.
std::string IndexText(const DatasetIndex& index);
// DataLoss for damage, FailedPrecondition for another format or version.
absl::StatusOr<DatasetIndex> ParseIndex(absl::string_view text,
                                        absl::string_view path);

}  // namespace arctrm
