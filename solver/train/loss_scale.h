// SPDX-License-Identifier: MIT
// Loss scaling: scales float16 gradients so that small ones do not vanish and
// large ones do not overflow (Micikevicius et al., arXiv 1710.03740, section
// 3.2).
#pragma once

#include <algorithm>
#include <cstdint>

namespace arctrm::internal {

struct LossScale {
  static constexpr double kMaxScale = 16777216;  // 2^24
  static constexpr int kGrowAfter = 2000;        // finite steps
  static constexpr int kGiveUpAfter = 20;        // overflows in a row

  double scale = 65536;
  int64_t good_steps = 0;     // since the scale changed
  int64_t skipped_steps = 0;  // total
  int64_t skipped_in_a_row = 0;
  // The forward pass has changed to float32 permanently.
  bool gave_up = false;

  // Records a step: halves the scale after an overflow, doubles it after
  // kGrowAfter finite steps.
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
