// SPDX-License-Identifier: MIT
#include "augment/dihedral.h"

#include "base/status.h"

namespace arctrm {

Grid ApplyDihedral(const Grid& grid, int id) {
  ARCTRM_CHECK(id >= 0 && id < kNumDihedral);
  if (id == 0 || grid.empty()) return grid;
  const int rows = grid.rows();
  const int cols = grid.cols();
  const bool turned = Transposes(id);
  Grid out(turned ? cols : rows, turned ? rows : cols);
  for (int r = 0; r < out.rows(); ++r) {
    for (int c = 0; c < out.cols(); ++c) {
      int from_r = r;
      int from_c = c;
      switch (id) {
        case 1:
          from_r = c;
          from_c = cols - 1 - r;
          break;
        case 2:
          from_r = rows - 1 - r;
          from_c = cols - 1 - c;
          break;
        case 3:
          from_r = rows - 1 - c;
          from_c = r;
          break;
        case 4:
          from_c = cols - 1 - c;
          break;
        case 5:
          from_r = rows - 1 - r;
          break;
        case 6:
          from_r = c;
          from_c = r;
          break;
        case 7:
          from_r = rows - 1 - c;
          from_c = cols - 1 - r;
          break;
        default:
          break;
      }
      out.at(r, c) = grid.at(from_r, from_c);
    }
  }
  return out;
}

bool Transposes(int id) { return id == 1 || id == 3 || id == 6 || id == 7; }

int InverseDihedral(int id) {
  ARCTRM_CHECK(id >= 0 && id < kNumDihedral);
  constexpr int kInverse[kNumDihedral] = {0, 3, 2, 1, 4, 5, 6, 7};
  return kInverse[id];
}

const char* DihedralName(int id) {
  ARCTRM_CHECK(id >= 0 && id < kNumDihedral);
  constexpr const char* kNames[kNumDihedral] = {
      "identity",        "rotate 90",    "rotate 180", "rotate 270",
      "flip left-right", "flip up-down", "transpose",  "anti-transpose"};
  return kNames[id];
}

}  // namespace arctrm
