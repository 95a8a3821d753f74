// SPDX-License-Identifier: MIT
#include "augment/augmentation.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "augment/dihedral.h"

namespace arctrm {
namespace {

constexpr absl::string_view kSeparator = "|||";
constexpr int kRankBits = 19;
constexpr uint32_t kNumRanks = 362880;  // 9!

Grid MapColors(const Grid& grid, const std::array<uint8_t, kNumColors>& map) {
  std::vector<uint8_t> cells = grid.cells();
  for (uint8_t& cell : cells) cell = map[cell];
  return Grid(grid.rows(), grid.cols(), std::move(cells));
}

}  // namespace

Grid Augmentation::Apply(const Grid& grid) const {
  return ApplyDihedral(MapColors(grid, colors), dihedral);
}

Grid Augmentation::Invert(const Grid& grid) const {
  std::array<uint8_t, kNumColors> back = {};
  for (size_t c = 0; c < colors.size(); ++c) {
    back[colors[c]] = static_cast<uint8_t>(c);
  }
  return MapColors(ApplyDihedral(grid, InverseDihedral(dihedral)), back);
}

Task Augmentation::Apply(const Task& task) const {
  Task out;
  out.id = task.id;
  for (const Pair& pair : task.demonstrations) {
    out.demonstrations.push_back({Apply(pair.input), Apply(pair.output)});
  }
  for (const Grid& input : task.test_inputs) {
    out.test_inputs.push_back(Apply(input));
  }
  return out;
}

bool Augmentation::IsIdentity() const { return *this == Augmentation(); }

std::string Augmentation::Key() const {
  std::string key = absl::StrCat("t", dihedral, "|");
  for (uint8_t color : colors) key.push_back(static_cast<char>('0' + color));
  return key;
}

absl::StatusOr<Augmentation> Augmentation::FromKey(absl::string_view key) {
  const absl::Status bad = absl::InvalidArgumentError(absl::StrCat(
      "\"", key,
      "\" is not an augmentation: expected t0-t7, a bar and a permutation of "
      "the ten colours that keeps 0, such as t3|0123456789"));
  if (key.size() != 13 || key[0] != 't' || key[1] < '0' || key[1] > '7' ||
      key[2] != '|' || key[3] != '0') {
    return bad;
  }
  Augmentation augmentation;
  augmentation.dihedral = key[1] - '0';
  unsigned seen = 0;
  for (size_t c = 0; c < 10; ++c) {
    const char digit = key[3 + c];
    if (digit < '0' || digit > '9') return bad;
    augmentation.colors[c] = static_cast<uint8_t>(digit - '0');
    seen |= 1u << (digit - '0');
  }
  if (seen != 0x3FF) return bad;
  return augmentation;
}

uint32_t Augmentation::Pack() const {
  uint32_t rank = 0;
  for (size_t i = 1; i < colors.size(); ++i) {
    uint32_t smaller_behind = 0;
    for (size_t j = i + 1; j < colors.size(); ++j) {
      smaller_behind += colors[j] < colors[i] ? 1 : 0;
    }
    rank = rank * static_cast<uint32_t>(colors.size() - i) + smaller_behind;
  }
  return static_cast<uint32_t>(dihedral) << kRankBits | rank;
}

absl::StatusOr<Augmentation> Augmentation::Unpack(uint32_t packed) {
  uint32_t rank = packed & ((1u << kRankBits) - 1);
  if (packed >> kRankBits >= kNumDihedral || rank >= kNumRanks) {
    return absl::InvalidArgumentError(
        absl::StrCat("the number ", packed,
                     " is not an augmentation: expected a dihedral id below 8 "
                     "and a rank below 362880"));
  }
  Augmentation augmentation;
  augmentation.dihedral = static_cast<int>(packed >> kRankBits);
  std::array<uint32_t, kNumColors> behind = {};
  for (size_t i = 9; i >= 1; --i) {
    const uint32_t places = static_cast<uint32_t>(10 - i);
    behind[i] = rank % places;
    rank /= places;
  }
  std::array<uint8_t, 9> left = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (size_t i = 1; i < 10; ++i) {
    const size_t pick = behind[i];
    augmentation.colors[i] = left[pick];
    std::copy(left.begin() + static_cast<std::ptrdiff_t>(pick) + 1, left.end(),
              left.begin() + static_cast<std::ptrdiff_t>(pick));
  }
  return augmentation;
}

std::string AugmentedName(absl::string_view task_id, const Augmentation& a) {
  if (a.IsIdentity()) return std::string(task_id);
  const std::string key = a.Key();
  return absl::StrCat(task_id, kSeparator, key.substr(0, 2), kSeparator,
                      key.substr(3));
}

absl::StatusOr<NamedAugmentation> ParseAugmentedName(absl::string_view name) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name,
                     "\" is not an augmented name: expected a task id, or a "
                     "name such as 007bbfb7|||t3|||0123456789"));
  };
  NamedAugmentation out;
  const size_t mark = name.find(kSeparator);
  out.task_id = std::string(name.substr(0, mark));
  if (out.task_id.empty()) return bad();
  if (mark == absl::string_view::npos) return out;
  const absl::string_view rest = name.substr(mark + kSeparator.size());
  // "t3|||0123456789"
  if (rest.size() != 15 || rest.substr(2, kSeparator.size()) != kSeparator) {
    return bad();
  }
  const auto augmentation = Augmentation::FromKey(
      absl::StrCat(rest.substr(0, 2), "|", rest.substr(5)));
  // The name of the identity is the task id alone.
  if (!augmentation.ok() || augmentation->IsIdentity()) return bad();
  out.augmentation = *augmentation;
  return out;
}

Augmentation RandomAugmentation(Random& random) {
  Augmentation augmentation;
  augmentation.dihedral = static_cast<int>(random.Below(kNumDihedral));
  for (size_t i = 9; i > 1; --i) {
    std::swap(augmentation.colors[i], augmentation.colors[1 + random.Below(i)]);
  }
  return augmentation;
}

}  // namespace arctrm
