// SPDX-License-Identifier: MIT
// Compares augmentations, canvas and hashes with numbers recorded from the
// published TRM code (tests/golden/README.md).
#include <string>
#include <vector>

#include "augment/augmentation.h"
#include "augment/augmentation_sampling.h"
#include "augment/canvas.h"
#include "augment/dihedral.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/testing/golden.h"
#include "tests/testing/golden_json.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::vector<uint8_t> ToTokens(element list) {
  std::vector<uint8_t> tokens;
  for (element token : array(list)) {
    tokens.push_back(static_cast<uint8_t>(uint64_t(token)));
  }
  return tokens;
}

std::string ToText(element text) { return std::string(std::string_view(text)); }

int ToInt(element number) { return static_cast<int>(int64_t(number)); }

class PublishedGolden : public testing::Test {
 protected:
  PublishedGolden()
      : text_(ReadGolden("augment.json.zst")), root_(parser_.parse(text_)) {}

  array List(const char* key) const { return array(root_[key]); }

  const std::string text_;
  simdjson::dom::parser parser_;
  const element root_;
};

TEST_F(PublishedGolden, FortyAugmentationsWithNamesAndInverses) {
  int count = 0;
  for (element item : List("augment")) {
    const std::string name = ToText(item["name"]);
    const auto named = ParseAugmentedName(name);
    ASSERT_TRUE(named.ok()) << named.status();
    const Augmentation& a = named->augmentation;
    EXPECT_EQ(named->task_id, ToText(item["orig_name"]));
    EXPECT_EQ(a.dihedral, ToInt(item["tid"]));
    size_t c = 0;
    for (element color : array(item["perm"])) {
      EXPECT_EQ(a.colors[c++], uint64_t(color));
    }
    EXPECT_EQ(AugmentedName(named->task_id, a), name);
    const Grid grid = GoldenGrid(item["grid"]);
    EXPECT_EQ(a.Apply(grid), GoldenGrid(item["transformed"])) << name;
    EXPECT_EQ(a.Invert(a.Apply(grid)),
              GoldenGrid(item["inverse_of_transformed"]));
    EXPECT_EQ(a.Invert(grid), GoldenGrid(item["inverse_of_grid"])) << name;
    EXPECT_EQ(GridHash(grid), ToText(item["hash_grid"]));
    EXPECT_EQ(GridHash(a.Apply(grid)), ToText(item["hash_transformed"]));
    ++count;
  }
  EXPECT_EQ(count, 40);
}

TEST_F(PublishedGolden, NamesDrawnByThePublishedCodeParse) {
  int count = 0;
  for (element name : List("aug_seed42")) {
    const auto named = ParseAugmentedName(ToText(name));
    ASSERT_TRUE(named.ok()) << named.status();
    EXPECT_EQ(AugmentedName(named->task_id, named->augmentation), ToText(name));
    ++count;
  }
  EXPECT_EQ(count, 10);
}

TEST_F(PublishedGolden, DihedralTransforms) {
  int count = 0;
  for (element item : List("dihedral")) {
    const int id = ToInt(item["tid"]);
    const Grid grid = GoldenGrid(item["grid"]);
    EXPECT_EQ(ApplyDihedral(grid, id), GoldenGrid(item["out"])) << id;
    EXPECT_EQ(ApplyDihedral(grid, InverseDihedral(id)),
              GoldenGrid(item["inverse"]))
        << id;
    ++count;
  }
  EXPECT_EQ(count, kNumDihedral);
  int id = 0;
  for (element inverse : List("DIHEDRAL_INVERSE")) {
    EXPECT_EQ(InverseDihedral(id++), ToInt(inverse));
  }
  EXPECT_EQ(id, kNumDihedral);
}

TEST_F(PublishedGolden, EncodedSequences) {
  int count = 0;
  for (element item : List("encode")) {
    const Pair pair = {GoldenGrid(item["input"]), GoldenGrid(item["output"])};
    const Canvas canvas{30};
    const Offset offset = {ToInt(item["pad_r"]), ToInt(item["pad_c"])};
    std::vector<uint8_t> input(900);
    std::vector<uint8_t> label(900);
    EncodePair(pair, canvas, offset, input.data(), label.data());
    EXPECT_EQ(input, ToTokens(item["input_seq"])) << count;
    EXPECT_EQ(label, ToTokens(item["output_seq"])) << count;
    ++count;
  }
  EXPECT_EQ(count, 8);
}

// Offsets cover the published ranges, including both ends.
TEST_F(PublishedGolden, OffsetRanges) {
  Random random(1, "golden");
  for (element item : List("encode")) {
    const Pair pair = {GoldenGrid(item["input"]), GoldenGrid(item["output"])};
    int low_row = 99, high_row = -1, low_col = 99, high_col = -1;
    for (int i = 0; i < 2000; ++i) {
      const Offset offset = RandomOffset(pair, Canvas{30}, random);
      low_row = std::min(low_row, offset.row);
      high_row = std::max(high_row, offset.row);
      low_col = std::min(low_col, offset.col);
      high_col = std::max(high_col, offset.col);
    }
    EXPECT_EQ(low_row, ToInt(item["pad_r_range"].at(0)));
    EXPECT_EQ(high_row, ToInt(item["pad_r_range"].at(1)));
    EXPECT_EQ(low_col, ToInt(item["pad_c_range"].at(0)));
    EXPECT_EQ(high_col, ToInt(item["pad_c_range"].at(1)));
  }
}

TEST_F(PublishedGolden, Crops) {
  int count = 0;
  for (element item : List("crop")) {
    const std::vector<uint8_t> tokens = ToTokens(item["seq"]);
    EXPECT_EQ(CropGrid(tokens, Canvas{30}), GoldenGrid(item["out"]))
        << ToText(item["what"]);
    ++count;
  }
  EXPECT_EQ(count, 20);
}

TEST_F(PublishedGolden, GridHashes) {
  int count = 0;
  for (element item : List("grid_hash")) {
    EXPECT_EQ(GridHash(GoldenGrid(item["grid"])), ToText(item["hash"]));
    ++count;
  }
  EXPECT_EQ(count, 7);
}

TEST_F(PublishedGolden, PuzzleHash) {
  std::vector<Pair> pairs;
  for (element example : array(root_["puzzle_hash"]["examples"])) {
    const array sides(example);
    pairs.push_back({GoldenGrid(sides.at(0)), GoldenGrid(sides.at(1))});
  }
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_EQ(TaskHash(pairs, {}), ToText(root_["puzzle_hash"]["hash"]));
}

}  // namespace
}  // namespace arctrm
