// SPDX-License-Identifier: MIT
// Seeded random streams, one per purpose. They give the same numbers on every
// machine and library, unlike std::shuffle and std::*_distribution.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// xoshiro256** (Blackman and Vigna, 2018), seeded from SHA-256 of (seed,
// purpose). Not thread-safe; copy to fork a stream.
class Random {
 public:
  // `purpose` separates streams of one seed: "augment", "batches", "init" ….
  Random(uint64_t seed, absl::string_view purpose);

  uint64_t Next();
  // Uniform in [0, n), without bias. n > 0.
  uint64_t Below(uint64_t n);
  // Uniform in [low, high], both included.
  int Between(int low, int high) {
    const int64_t from = low;
    return static_cast<int>(
        from +
        static_cast<int64_t>(Below(static_cast<uint64_t>(high - from + 1))));
  }
  // Uniform in [0, 1) with 53 bits.
  double Uniform();
  bool Chance(double probability) { return Uniform() < probability; }
  // Standard normal (Box-Muller; the second value is not kept).
  double Normal();

  // Fisher-Yates.
  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[Below(i)]);
    }
  }

  // Saves and restores the state as 64 hexadecimal digits.
  std::string State() const;
  absl::Status SetState(absl::string_view state);

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace arctrm
