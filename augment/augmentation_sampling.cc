// SPDX-License-Identifier: MIT
#include "augment/augmentation_sampling.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "augment/dihedral.h"
#include "base/hash.h"

namespace arctrm {
namespace {

// Two independent 64-bit hashes identify content within a task.
using Key = std::pair<uint64_t, uint64_t>;

uint64_t Mix(uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBu;
  return x ^ x >> 31;
}

// The hash of a grid is the sum over its cells of weight(position) *
// value(colour). The weights are added once per colour, so that hashing a
// recoloured grid takes only ten products.
struct GridSums {
  uint64_t shape = 0;
  std::array<uint64_t, kNumColors> first = {};
  std::array<uint64_t, kNumColors> second = {};
};

uint64_t Value(uint64_t color, uint64_t lane) {
  return Mix(color * 0x9E3779B97F4A7C15u + lane + 1) | 1;
}

GridSums SumsOf(const Grid& grid) {
  GridSums sums;
  sums.shape = static_cast<uint64_t>(grid.rows() * 64 + grid.cols());
  const std::vector<uint8_t>& cells = grid.cells();
  for (size_t i = 0; i < cells.size(); ++i) {
    sums.first[cells[i]] += Mix(i * 2 + 0x1001);
    sums.second[cells[i]] += Mix(i * 2 + 0x200000);
  }
  return sums;
}

class ContentHasher {
 public:
  ContentHasher(const std::vector<Pair>& pairs,
                const std::vector<Grid>& test_inputs) {
    for (uint64_t c = 0; c < kNumColors; ++c) {
      first_[c] = Value(c, 0x11);
      second_[c] = Value(c, 0x2200);
    }
    for (int id = 0; id < kNumDihedral; ++id) {
      Turned& turned = turned_[static_cast<size_t>(id)];
      for (const Pair& pair : pairs) {
        turned.pairs.emplace_back(SumsOf(ApplyDihedral(pair.input, id)),
                                  SumsOf(ApplyDihedral(pair.output, id)));
      }
      for (const Grid& input : test_inputs) {
        turned.tests.push_back(SumsOf(ApplyDihedral(input, id)));
      }
    }
  }

  // Does not depend on the order of pairs or test inputs.
  Key HashOf(const Augmentation& augmentation) const {
    const Turned& turned = turned_[static_cast<size_t>(augmentation.dihedral)];
    Key key = {0, 0};
    for (const auto& [input, output] : turned.pairs) {
      const Key in = GridKey(input, augmentation);
      const Key out = GridKey(output, augmentation);
      key.first += Mix(in.first * 3 + Mix(out.first));
      key.second += Mix(in.second * 3 + Mix(out.second));
    }
    for (const GridSums& input : turned.tests) {
      const Key in = GridKey(input, augmentation);
      key.first += Mix(in.first ^ 0x7E57);
      key.second += Mix(in.second ^ 0x7E57);
    }
    return key;
  }

 private:
  struct Turned {
    std::vector<std::pair<GridSums, GridSums>> pairs;
    std::vector<GridSums> tests;
  };

  Key GridKey(const GridSums& sums, const Augmentation& augmentation) const {
    Key key = {0, 0};
    for (size_t c = 0; c < kNumColors; ++c) {
      key.first += sums.first[c] * first_[augmentation.colors[c]];
      key.second += sums.second[c] * second_[augmentation.colors[c]];
    }
    return {Mix(key.first ^ Mix(sums.shape)),
            Mix(key.second ^ Mix(sums.shape + 1))};
  }

  std::array<Turned, kNumDihedral> turned_;
  std::array<uint64_t, kNumColors> first_ = {};
  std::array<uint64_t, kNumColors> second_ = {};
};

}  // namespace

std::string GridHash(const Grid& grid) {
  return Sha256Hex(grid.ContentBytes());
}

std::string TaskHash(const std::vector<Pair>& pairs,
                     const std::vector<Grid>& test_inputs) {
  std::vector<std::string> hashes;
  hashes.reserve(pairs.size() + test_inputs.size());
  for (const Pair& pair : pairs) {
    hashes.push_back(
        absl::StrCat(GridHash(pair.input), "|", GridHash(pair.output)));
  }
  for (const Grid& input : test_inputs) hashes.push_back(GridHash(input));
  std::sort(hashes.begin(), hashes.end());
  return Sha256Hex(absl::StrJoin(hashes, "|"));
}

std::vector<Augmentation> PlanTask(const std::string& task_id,
                                   const std::vector<Pair>& pairs,
                                   const std::vector<Grid>& test_inputs,
                                   const PlanOptions& options) {
  std::vector<Augmentation> plan = {Augmentation()};
  if (options.augmentations <= 0) return plan;
  const ContentHasher hasher(pairs, test_inputs);
  std::set<Key> seen = {hasher.HashOf(plan[0])};
  Random random(options.seed, absl::StrCat("augment/", task_id));
  const int64_t tries =
      static_cast<int64_t>(options.augmentations) * options.retries;
  for (int64_t i = 0;
       i < tries && static_cast<int>(plan.size()) <= options.augmentations;
       ++i) {
    const Augmentation augmentation = RandomAugmentation(random);
    if (seen.insert(hasher.HashOf(augmentation)).second) {
      plan.push_back(augmentation);
    }
  }
  return plan;
}

}  // namespace arctrm
