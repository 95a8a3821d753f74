// SPDX-License-Identifier: MIT
#include "solver/embedding_index.h"

namespace arctrm {

const TaskEmbeddings* EmbeddingIndex::Find(absl::string_view name) const {
  for (const TaskEmbeddings& task : tasks) {
    if (task.name == name) return &task;
  }
  return nullptr;
}

EmbeddingIndex EmbeddingIndexOf(const Dataset& dataset) {
  EmbeddingIndex ids;
  if (!dataset.has_ids()) return ids;
  ids.tasks.reserve(dataset.tasks.size());
  for (const DatasetTask& task : dataset.tasks) {
    ids.tasks.push_back({task.name, ids.num_ids, task.augmentations,
                         std::vector<int64_t>(task.augmentations.size(), 0)});
    ids.num_ids += static_cast<int64_t>(task.augmentations.size());
  }
  return ids;
}

}  // namespace arctrm
