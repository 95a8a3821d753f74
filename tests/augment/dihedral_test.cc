// SPDX-License-Identifier: MIT
#include "augment/dihedral.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/augment/random_tasks.h"

namespace arctrm {
namespace {

TEST(Dihedral, InvertUndoesEveryTransform) {
  Random random(1, "dihedral");
  for (int round = 0; round < 50; ++round) {
    const Grid grid = RandomGrid(random);
    for (int id = 0; id < kNumDihedral; ++id) {
      const int inverse = InverseDihedral(id);
      EXPECT_EQ(ApplyDihedral(ApplyDihedral(grid, id), inverse), grid) << id;
      EXPECT_EQ(ApplyDihedral(ApplyDihedral(grid, inverse), id), grid) << id;
    }
  }
}

TEST(Dihedral, EachIsWhatItsNameSays) {
  const Grid grid = Grid::FromText("012 345");
  const struct {
    const char* name;
    const char* text;
  } kExpected[kNumDihedral] = {
      {"identity", "012 345"},        {"rotate 90", "25 14 03"},
      {"rotate 180", "543 210"},      {"rotate 270", "30 41 52"},
      {"flip left-right", "210 543"}, {"flip up-down", "345 012"},
      {"transpose", "03 14 25"},      {"anti-transpose", "52 41 30"}};
  for (int id = 0; id < kNumDihedral; ++id) {
    EXPECT_EQ(std::string(DihedralName(id)), kExpected[id].name);
    EXPECT_EQ(ApplyDihedral(grid, id), Grid::FromText(kExpected[id].text))
        << kExpected[id].name;
    EXPECT_EQ(Transposes(id), ApplyDihedral(grid, id).rows() == 3);
  }
}

TEST(Dihedral, EightDifferentTransformsClosedUnderComposition) {
  const Grid grid = Grid::FromText("012 345");
  std::set<Grid> images;
  for (int id = 0; id < kNumDihedral; ++id) {
    images.insert(ApplyDihedral(grid, id));
  }
  EXPECT_EQ(images.size(), 8u);
  for (int first = 0; first < kNumDihedral; ++first) {
    for (int second = 0; second < kNumDihedral; ++second) {
      EXPECT_EQ(images.count(ApplyDihedral(ApplyDihedral(grid, first), second)),
                1u);
    }
  }
}

TEST(Dihedral, EmptyGridsStayEmpty) {
  for (int id = 0; id < kNumDihedral; ++id) {
    EXPECT_TRUE(ApplyDihedral(Grid(), id).empty());
  }
}

TEST(DihedralDeathTest, OtherIdsAreABug) {
  EXPECT_DEATH(ApplyDihedral(Grid(1, 1), 8), "bug at");
  EXPECT_DEATH(InverseDihedral(-1), "bug at");
}

}  // namespace
}  // namespace arctrm
