// SPDX-License-Identifier: MIT
// Maps each (task, augmentation) to its embedding row and its number of
// updates. Every checkpoint contains the index: resumed trainings and votes
// need it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "augment/augmentation.h"
#include "augment/dataset.h"

namespace arctrm {

struct TaskEmbeddings {
  std::string name;
  // augmentations[i] has embedding row first_id + i.
  int64_t first_id = 0;
  std::vector<Augmentation> augmentations;
  // Optimiser updates of each embedding row; same length as augmentations.
  std::vector<int64_t> updates;
  friend bool operator==(const TaskEmbeddings&,
                         const TaskEmbeddings&) = default;
};

struct EmbeddingIndex {
  // Embedding rows, including the blank row 0.
  int64_t num_ids = 1;
  std::vector<TaskEmbeddings> tasks;
  // nullptr if unknown. Linear time.
  const TaskEmbeddings* Find(absl::string_view name) const;
  friend bool operator==(const EmbeddingIndex&,
                         const EmbeddingIndex&) = default;
};

// Sudoku and mazes use row 0 only.
EmbeddingIndex EmbeddingIndexOf(const Dataset& dataset);

}  // namespace arctrm
