// SPDX-License-Identifier: MIT
// The canvas that one task needs. Real grids fill little of 30 x 30: of the
// test outputs of ARC-AGI-1, ARC-AGI-2 training and ConceptARC all fit (docs/
// RESULTS.md), on 29 to 43 % of the tokens.
#pragma once

#include <vector>

#include "arc/task.h"

namespace arctrm {

// Side of the smallest canvas for a task: 1 (the EOS border) + the largest side
// among its pairs, its test inputs, and its test outputs as they are to be
// expected; rounded up to a multiple of `step`, at most `canvas_side`. Expected
// by every rule (same size, constant size, constant ratio or difference per
// axis; with the axes swapped where none fits without) that all pairs follow;
// where they follow none, 1.3 times the largest ratio of output to input in any
// pair. Hidden outputs are
// never looked at; dihedral transforms of the task change nothing.
int FittedSide(const std::vector<Pair>& pairs,
               const std::vector<Grid>& test_inputs, int canvas_side, int step);

}  // namespace arctrm
