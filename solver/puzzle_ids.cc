// SPDX-License-Identifier: MIT
#include "solver/puzzle_ids.h"

namespace arctrm {

const PuzzleTask* PuzzleIds::Find(absl::string_view name) const {
  for (const PuzzleTask& task : tasks) {
    if (task.name == name) return &task;
  }
  return nullptr;
}

PuzzleIds IdsOfDataset(const Dataset& dataset) {
  PuzzleIds ids;
  if (!dataset.has_ids()) return ids;
  ids.tasks.reserve(dataset.tasks.size());
  for (const DatasetTask& task : dataset.tasks) {
    ids.tasks.push_back({task.name, ids.num_ids, task.copies,
                         std::vector<int64_t>(task.copies.size(), 0)});
    ids.num_ids += static_cast<int64_t>(task.copies.size());
  }
  return ids;
}

}  // namespace arctrm
