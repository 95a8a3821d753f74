// SPDX-License-Identifier: MIT
// One shard of a dataset: serialised tasks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "augment/dataset.h"
#include "augment/internal/dataset_index.h"

namespace arctrm {

class ShardWriter {
 public:
  ShardWriter();
  // InvalidArgument if the format cannot store the task: a name longer than
  // 65535 bytes, a shard larger than 1 GiB.
  absl::Status Add(const DatasetTask& task);
  size_t size() const { return bytes_.size(); }
  int64_t num_tasks() const { return num_tasks_; }
  // The whole shard before compression.
  std::string Finish() &&;

 private:
  std::string bytes_;
  int64_t num_tasks_ = 0;
};

// Appends the tasks of the shard file `frame` to `tasks`. DataLoss with `path`
// and the byte offset (after decompression) for damage; FailedPrecondition for
// another version.
absl::Status ReadShard(absl::string_view frame,
                       const DatasetIndex::Shard& shard, Canvas canvas,
                       absl::string_view path, std::vector<DatasetTask>* tasks);

}  // namespace arctrm
