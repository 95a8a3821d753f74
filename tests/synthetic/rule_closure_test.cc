// SPDX-License-Identifier: MIT
// Training augments tasks, so a transformed or recoloured task must still
// follow its rule.
#include <algorithm>
#include <string>
#include <vector>

#include "augment/dihedral.h"
#include "gtest/gtest.h"
#include "synthetic/rules.h"

namespace arctrm {
namespace {

class RuleClosureTest : public testing::TestWithParam<Rule> {};

// Pairs of one setting, as in a task.
std::vector<Pair> DrawPairs(const Rule& rule, int parameter, Random& random) {
  std::vector<Pair> pairs;
  for (int i = 0; i < 3; ++i) {
    Pair pair;
    pair.input = rule.sample(parameter, SyntheticOptions(), random);
    pair.output = rule.solve(parameter, pair.input);
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

TEST_P(RuleClosureTest, TurnedTasksAreTasksOfTheRule) {
  const Rule& rule = GetParam();
  Random random(5, "test");
  for (int p = 0; p < rule.num_parameters; ++p) {
    const std::vector<Pair> pairs = DrawPairs(rule, p, random);
    for (int id = 0; id < kNumDihedral; ++id) {
      std::vector<Pair> turned;
      for (const Pair& pair : pairs) {
        // The output of "count" does not rotate with its input.
        turned.push_back({ApplyDihedral(pair.input, id),
                          rule.name == "count"
                              ? pair.output
                              : ApplyDihedral(pair.output, id)});
      }
      EXPECT_FALSE(ConsistentParameters(rule, turned).empty())
          << "setting " << p << ", " << DihedralName(id) << "\n"
          << pairs[0].input.ToText() << "\n\n"
          << pairs[0].output.ToText();
    }
  }
}

Grid Permuted(const Grid& grid, const std::vector<uint8_t>& colors) {
  Grid out = grid;
  for (int r = 0; r < grid.rows(); ++r) {
    for (int c = 0; c < grid.cols(); ++c) {
      out.at(r, c) = grid.at(r, c) == 0 ? 0 : colors[grid.at(r, c) - 1u];
    }
  }
  return out;
}

TEST_P(RuleClosureTest, RecoloredTasksAreTasksOfTheRule) {
  const Rule& rule = GetParam();
  Random random(6, "test");
  for (int p = 0; p < rule.num_parameters; ++p) {
    const std::vector<Pair> pairs = DrawPairs(rule, p, random);
    std::vector<uint8_t> colors = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (int i = 0; i < 4; ++i) {
      random.Shuffle(colors);
      std::vector<Pair> recolored;
      for (const Pair& pair : pairs) {
        recolored.push_back(
            {Permuted(pair.input, colors), Permuted(pair.output, colors)});
      }
      EXPECT_FALSE(ConsistentParameters(rule, recolored).empty())
          << "setting " << p << "\n"
          << pairs[0].input.ToText() << "\n\n"
          << pairs[0].output.ToText();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, RuleClosureTest, testing::ValuesIn(AllRules()),
                         [](const testing::TestParamInfo<Rule>& rule) {
                           return rule.param.name;
                         });

}  // namespace
}  // namespace arctrm
