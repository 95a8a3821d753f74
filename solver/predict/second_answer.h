// SPDX-License-Identifier: MIT
// A second answer out of one forward pass, for test inputs where all votes
// agree.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "augment/canvas.h"

namespace arctrm::internal {

// Do the tokens of `other` hold a grid, and another one than `tokens`? Both on
// canvases of `size`.
bool HoldsOtherGrid(absl::Span<const uint8_t> other,
                    absl::Span<const uint8_t> tokens, GridSize size);

// `tokens` with one cell of their grid changed: the one whose first and second
// colour are closest in `logits` (size.cells(), vocabulary), to its second.
// Empty where the tokens hold no grid.
std::vector<uint8_t> ChangeLeastCertainCell(absl::Span<const uint8_t> tokens,
                                            GridSize size,
                                            absl::Span<const float> logits);

}  // namespace arctrm::internal
