// SPDX-License-Identifier: MIT
// Second answers from one forward pass, for test inputs whose votes all agree.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "augment/canvas.h"

namespace arctrm::internal {

// Do the tokens `other` contain a grid that differs from the grid of `tokens`?
// Both on canvases of `size`.
bool HoldsOtherGrid(absl::Span<const uint8_t> other,
                    absl::Span<const uint8_t> tokens, GridSize size);

// `tokens` with one changed cell: the cell whose best two colours are closest
// in `logits` (size.cells(), vocabulary) takes the second one. Empty if the
// tokens contain no grid.
std::vector<uint8_t> ChangeLeastCertainCell(absl::Span<const uint8_t> tokens,
                                            GridSize size,
                                            absl::Span<const float> logits);

}  // namespace arctrm::internal
