// SPDX-License-Identifier: MIT
#include "solver/predict/second_answer.h"

#include <limits>

#include "base/status.h"

namespace arctrm::internal {

bool HoldsOtherGrid(absl::Span<const uint8_t> other,
                    absl::Span<const uint8_t> tokens, GridSize size) {
  if (other == tokens) return false;
  const Grid grid = CropGrid(other, size);
  return !grid.empty() && grid != CropGrid(tokens, size);
}

std::vector<uint8_t> ChangeLeastCertainCell(absl::Span<const uint8_t> tokens,
                                            GridSize size,
                                            absl::Span<const float> logits) {
  const Grid grid = CropGrid(tokens, size);
  const size_t vocabulary = logits.size() / tokens.size();
  ARCTRM_CHECK(vocabulary >= kFirstColorToken + kNumColors);
  float least = std::numeric_limits<float>::infinity();
  size_t changed = tokens.size();
  uint8_t second = 0;
  for (int row = 0; row < grid.rows(); ++row) {
    for (int col = 0; col < grid.cols(); ++col) {
      const auto cell = static_cast<size_t>(row * size.cols + col);
      const float* const of_cell = logits.data() + cell * vocabulary;
      for (int color = 0; color < kNumColors; ++color) {
        const auto token = static_cast<uint8_t>(kFirstColorToken + color);
        const float margin = of_cell[tokens[cell]] - of_cell[token];
        if (token == tokens[cell] || !(margin < least)) continue;
        least = margin;
        changed = cell;
        second = token;
      }
    }
  }
  if (changed == tokens.size()) return {};
  std::vector<uint8_t> answer(tokens.begin(), tokens.end());
  answer[changed] = second;
  return answer;
}

}  // namespace arctrm::internal
