// SPDX-License-Identifier: MIT
// An augmentation: a colour permutation that keeps 0, then a dihedral
// transform. It applies to every grid of a task.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/grid.h"
#include "arc/task.h"
#include "base/random.h"

namespace arctrm {

struct Augmentation {
  int dihedral = 0;
  // colors[c] replaces colour c. A permutation with colors[0] == 0.
  std::array<uint8_t, kNumColors> colors = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

  // Permutes the colours, then transforms.
  Grid Apply(const Grid& grid) const;
  // Invert(Apply(g)) == g.
  Grid Invert(const Grid& grid) const;
  Task Apply(const Task& task) const;
  bool IsIdentity() const;

  // "t3|0123456789", the name in ballots and checkpoints.
  std::string Key() const;
  static absl::StatusOr<Augmentation> FromKey(absl::string_view key);

  // A number below 2^22 for files: dihedral * 2^19 + the lexicographic rank of
  // the permutation of colours 1-9. The identity is 0.
  uint32_t Pack() const;
  // InvalidArgument for a number that Pack cannot return.
  static absl::StatusOr<Augmentation> Unpack(uint32_t packed);

  friend bool operator==(const Augmentation&, const Augmentation&) = default;
};

// The published name, "007bbfb7|||t3|||0123456789"; for the identity only the
// task id.
std::string AugmentedName(absl::string_view task_id, const Augmentation& a);
struct NamedAugmentation {
  std::string task_id;
  Augmentation augmentation;
};
// The inverse. InvalidArgument for a name that AugmentedName cannot return.
absl::StatusOr<NamedAugmentation> ParseAugmentedName(absl::string_view name);

// Uniform over 8 dihedral ids x 9! colour permutations.
Augmentation RandomAugmentation(Random& random);

}  // namespace arctrm
