// SPDX-License-Identifier: MIT
// One augmentation of a task: a colour permutation that keeps 0, then a
// dihedral transform. Every grid of the task takes the same one.
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
  // colors[c] is the colour that replaces c; a permutation with colors[0] == 0.
  std::array<uint8_t, kNumColors> colors = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

  // Colours first, then geometry.
  Grid Apply(const Grid& grid) const;
  // Geometry undone first, then colours: Invert(Apply(g)) == g.
  Grid Invert(const Grid& grid) const;
  Task Apply(const Task& task) const;
  bool IsIdentity() const;

  // "t3|0123456789": how ballots and checkpoints name it.
  std::string Key() const;
  static absl::StatusOr<Augmentation> FromKey(absl::string_view key);

  // A number below 2^22 for files: dihedral * 2^19 + the rank of colours 1-9
  // among their 9! orders, counted in dictionary order. The identity is 0.
  uint32_t Pack() const;
  // InvalidArgument for a number that Pack can't have made.
  static absl::StatusOr<Augmentation> Unpack(uint32_t packed);

  friend bool operator==(const Augmentation&, const Augmentation&) = default;
};

// The published name: "007bbfb7|||t3|||0123456789"; the identity is the bare
// task id.
std::string AugmentedName(absl::string_view task_id, const Augmentation& a);
struct NamedAugmentation {
  std::string task_id;
  Augmentation augmentation;
};
// The way back. InvalidArgument for a name that AugmentedName can't have made.
absl::StatusOr<NamedAugmentation> ParseAugmentedName(absl::string_view name);

// Uniform over 8 dihedral ids x 9! colour permutations.
Augmentation RandomAugmentation(Random& random);

}  // namespace arctrm
