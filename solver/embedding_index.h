// SPDX-License-Identifier: MIT
// Which embedding row belongs to which (task, augmentation), and how often it
// was updated. Travels with the checkpoint: without it training can't go on and
// nothing can vote.
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
  // Row of copies[0]; copies[i] has row first_id + i.
  int64_t first_id = 0;
  std::vector<Augmentation> augmentations;
  // Optimiser updates each row took part in; same length as copies.
  std::vector<int64_t> updates;
  friend bool operator==(const TaskEmbeddings&,
                         const TaskEmbeddings&) = default;
};

struct EmbeddingIndex {
  // Rows in the table, the blank row 0 included.
  int64_t num_ids = 1;
  std::vector<TaskEmbeddings> tasks;
  // nullptr when unknown. Linear.
  const TaskEmbeddings* Find(absl::string_view name) const;
  friend bool operator==(const EmbeddingIndex&,
                         const EmbeddingIndex&) = default;
};

// Row 0 alone for Sudoku and mazes.
EmbeddingIndex EmbeddingIndexOf(const Dataset& dataset);

}  // namespace arctrm
