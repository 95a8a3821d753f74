// SPDX-License-Identifier: MIT
// Loss scaling: gradients of float16 passes are multiplied so that small ones
// don't vanish, as far as large ones don't overflow (Micikevicius et al., arXiv
// 1710.03740, section 3.2).
#pragma once

#include <algorithm>
#include <cstdint>

namespace arctrm::internal {

struct LossScale {
  static constexpr double kMaxScale = 16777216;  // 2^24
  static constexpr int kGrowAfter = 2000;        // good steps
  static constexpr int kGiveUpAfter = 20;        // overflows in a row

  double scale = 65536;
  int64_t good_steps = 0;     // since the scale changed
  int64_t skipped_steps = 0;  // in all
  int64_t skipped_in_a_row = 0;
  // The forward pass is float32 for good.
  bool gave_up = false;

  // Takes in how a step went: half the scale after an overflow, twice the scale
  // after kGrowAfter good steps.
  void Update(bool finite) {
    if (!finite) {
      scale /= 2;
      good_steps = 0;
      ++skipped_steps;
      if (++skipped_in_a_row >= kGiveUpAfter) gave_up = true;
      return;
    }
    skipped_in_a_row = 0;
    if (++good_steps >= kGrowAfter) {
      scale = std::min(2 * scale, kMaxScale);
      good_steps = 0;
    }
  }
};

}  // namespace arctrm::internal
