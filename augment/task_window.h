// SPDX-License-Identifier: MIT
// The part of the canvas that a task needs: a rectangle at the top-left corner,
// or in training around the grids. Windows cover 26 to 40 % of a 30 x 30
// canvas, and the test outputs of ARC-AGI-1, ARC-AGI-2 training and ConceptARC
// all fit into them (docs/RESULTS.md).
#pragma once

#include <vector>

#include "arc/task.h"

namespace arctrm {

// The window of a task: along each axis 1 (for EOS) + the largest size among
// its pairs, its test inputs, and the expected sizes of its test outputs,
// rounded up to a multiple of `step` and limited to `canvas_side`. Expected
// sizes follow every rule (constant size, ratio or difference per axis, with or
// without swapped axes) that holds for all pairs. If none does, they are 1.3
// times the largest ratio of output to input in any pair, and the window is
// square. Hidden outputs are never used. The result is the same for dihedral
// transforms of the task, except that those that transpose (dihedral.h) swap
// rows and columns.
GridSize TaskWindow(const std::vector<Pair>& pairs,
                    const std::vector<Grid>& test_inputs, int canvas_side,
                    int step);

}  // namespace arctrm
