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

struct PuzzleTask {
  std::string name;
  // Row of copies[0]; copies[i] has row first_id + i.
  int64_t first_id = 0;
  std::vector<Augmentation> copies;
  // Optimiser updates each row took part in; same length as copies.
  std::vector<int64_t> updates;
  friend bool operator==(const PuzzleTask&, const PuzzleTask&) = default;
};

struct PuzzleIds {
  // Rows in the table, the blank row 0 included.
  int64_t num_ids = 1;
  std::vector<PuzzleTask> tasks;
  // nullptr when unknown. Linear.
  const PuzzleTask* Find(absl::string_view name) const;
  friend bool operator==(const PuzzleIds&, const PuzzleIds&) = default;
};

// Row 0 alone for Sudoku and mazes.
PuzzleIds IdsOfDataset(const Dataset& dataset);

}  // namespace arctrm
