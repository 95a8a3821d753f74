// SPDX-License-Identifier: MIT
// The 8 symmetries of the square, numbered as in TRM's dataset/common.py.
#pragma once

#include "arc/grid.h"

namespace arctrm {

inline constexpr int kNumDihedral = 8;

// id: 0 identity; 1, 2, 3 rotation by 90, 180, 270 degrees counter-clockwise;
// 4 left-right flip; 5 up-down flip; 6 transpose; 7 anti-transpose.
Grid ApplyDihedral(const Grid& grid, int id);
// The inverse of `id`: 0 3 2 1 4 5 6 7.
int InverseDihedral(int id);
// Do rows become columns? True for 1, 3, 6 and 7.
bool Transposes(int id);
// For display: "rotate 90", "flip left-right" …
const char* DihedralName(int id);

}  // namespace arctrm
