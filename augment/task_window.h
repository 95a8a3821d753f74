// SPDX-License-Identifier: MIT
// The canvas that one task needs, a rectangle at the beginning of the whole one
// or, in training, where the grids stand on it. Real grids fill little of 30 x
// 30: the test outputs of ARC-AGI-1, ARC-AGI-2 training and ConceptARC all fit
// (docs/RESULTS.md), on 26 to 40 % of the tokens.
#pragma once

#include <vector>

#include "arc/task.h"

namespace arctrm {

// The smallest canvas for a task: along each axis 1 (the EOS border) + the most
// among its pairs, its test inputs, and its test outputs as they are to be
// expected; rounded up to a multiple of `step`, at most `canvas_side`. Expected
// by every rule (same size, constant size, constant ratio or difference per
// axis, with the axes as they are or swapped) that all pairs follow; where they
// follow none, 1.3 times the largest ratio of output to input in any pair, and
// the canvas is a square. Hidden outputs are never looked at. Dihedral
// transforms of the task change nothing, but those that transpose (dihedral.h)
// swap rows and columns.
GridSize TaskWindow(const std::vector<Pair>& pairs,
                    const std::vector<Grid>& test_inputs, int canvas_side,
                    int step);

}  // namespace arctrm
