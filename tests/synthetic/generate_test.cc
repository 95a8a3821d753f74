// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arc/write.h"
#include "base/hash.h"
#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "synthetic/rules.h"

namespace arctrm {
namespace {

using testing::HasSubstr;

constexpr int kTasks = 200;

std::string Everything(const SyntheticSet& set) {
  return ChallengesJson(set.challenges) + SolutionsJson(set.solutions);
}

std::set<uint8_t> Colors(const Grid& grid) {
  return {grid.cells().begin(), grid.cells().end()};
}

bool Explains(const Rule& rule, int p, const Task& task) {
  for (const Pair& pair : task.demonstrations) {
    if (rule.solve(p, pair.input) != pair.output) return false;
  }
  return true;
}

class RuleTest : public testing::TestWithParam<Rule> {
 protected:
  static SyntheticTask Generate(
      int index, const SyntheticOptions& options = SyntheticOptions()) {
    auto task = GenerateTask(GetParam(), /*seed=*/11, index, options);
    EXPECT_TRUE(task.ok()) << task.status();
    return task.ok() ? *std::move(task) : SyntheticTask();
  }
};

TEST_P(RuleTest, EveryTaskHasExactlyOneAnswer) {
  for (int i = 0; i < kTasks; ++i) {
    const SyntheticTask made = Generate(i);
    ASSERT_EQ(made.task.test_inputs.size(), 1u);
    ASSERT_EQ(made.solutions.size(), 1u);
    int explanations = 0;
    for (const Rule& other : AllRules()) {
      for (int p = 0; p < other.num_parameters; ++p) {
        if (!Explains(other, p, made.task)) continue;
        ++explanations;
        ASSERT_EQ(other.solve(p, made.task.test_inputs[0]), made.solutions[0])
            << made.task.id << " read as " << other.name << " " << p;
      }
    }
    ASSERT_GE(explanations, 1) << made.task.id;
  }
}

TEST_P(RuleTest, PairsShowSomethingAndDiffer) {
  for (int i = 0; i < kTasks; ++i) {
    const SyntheticTask made = Generate(i);
    std::set<Grid> inputs(made.task.test_inputs.begin(),
                          made.task.test_inputs.end());
    for (const Pair& pair : made.task.demonstrations) {
      ASSERT_NE(pair.input, pair.output) << made.task.id;
      inputs.insert(pair.input);
    }
    ASSERT_NE(made.task.test_inputs[0], made.solutions[0]) << made.task.id;
    ASSERT_EQ(inputs.size(), made.task.demonstrations.size() + 1)
        << made.task.id;
    ASSERT_GE(made.task.demonstrations.size(), 3u);
    ASSERT_LE(made.task.demonstrations.size(), 5u);
  }
}

TEST_P(RuleTest, ColorsOfTheAnswerCanBeKnown) {
  for (int i = 0; i < kTasks; ++i) {
    const SyntheticTask made = Generate(i);
    std::set<uint8_t> known = Colors(made.task.test_inputs[0]);
    for (const Pair& pair : made.task.demonstrations) {
      known.merge(Colors(pair.output));
    }
    for (uint8_t color : Colors(made.solutions[0])) {
      ASSERT_EQ(known.count(color), 1u) << made.task.id << " " << int{color};
    }
  }
}

// Does the rule use any size? Rules that need room do not (rules.h).
bool TakesAnySize(const std::string& rule) {
  static const std::set<std::string> rules = {
      "flip",    "rotate",     "transpose", "shift",        "recolor",
      "invert",  "keep_color", "majority",  "marker_color", "swap_colors",
      "outline", "border",     "gravity",   "ray",          "connect",
      "cross",   "diagonal",   "count"};
  return rules.count(rule) == 1;
}

TEST_P(RuleTest, GridsKeepToTheAskedSides) {
  for (int low = 3; low <= 8; ++low) {
    for (int high = low; high <= 8; ++high) {
      SyntheticOptions options;
      options.min_side = low;
      options.max_side = high;
      for (int i = 0; i < 5; ++i) {
        const SyntheticTask made = Generate(i, options);
        std::vector<Pair> pairs = made.task.demonstrations;
        pairs.push_back({made.task.test_inputs[0], made.solutions[0]});
        for (const Pair& pair : pairs) {
          for (int side : {pair.input.rows(), pair.input.cols()}) {
            ASSERT_GE(side, TakesAnySize(GetParam().name) ? low : 3);
            ASSERT_LE(side, TakesAnySize(GetParam().name) ? high : 8);
          }
          for (int side : {pair.output.rows(), pair.output.cols()}) {
            ASSERT_GE(side, 3);
            ASSERT_LE(side, 8);
          }
        }
      }
    }
  }
}

TEST_P(RuleTest, EverySettingIsDrawn) {
  std::set<int> drawn;
  for (int i = 0; i < 20 * GetParam().num_parameters; ++i) {
    for (int p :
         ConsistentParameters(GetParam(), Generate(i).task.demonstrations)) {
      drawn.insert(p);
    }
  }
  EXPECT_EQ(static_cast<int>(drawn.size()), GetParam().num_parameters);
}

TEST_P(RuleTest, MostTasksHaveNoOtherRule) {
  int alone = 0;
  for (int i = 0; i < 60; ++i) {
    const SyntheticTask made = Generate(i);
    alone += std::all_of(
        AllRules().begin(), AllRules().end(), [&](const Rule& other) {
          return other.name == GetParam().name ||
                 ConsistentParameters(other, made.task.demonstrations).empty();
        });
  }
  EXPECT_GE(alone, 30);
}

TEST_P(RuleTest, SeedsAndIndicesMakeOtherTasks) {
  const SyntheticOptions options;
  const auto task = GenerateTask(GetParam(), 0, 0, options);
  const auto again = GenerateTask(GetParam(), 0, 0, options);
  const auto other_seed = GenerateTask(GetParam(), 1, 0, options);
  const auto other_index = GenerateTask(GetParam(), 0, 1, options);
  ASSERT_TRUE(task.ok() && again.ok() && other_seed.ok() && other_index.ok());
  EXPECT_EQ(task->task, again->task);
  EXPECT_EQ(task->solutions, again->solutions);
  EXPECT_NE(task->task.demonstrations, other_seed->task.demonstrations);
  EXPECT_NE(task->task.demonstrations, other_index->task.demonstrations);
}

INSTANTIATE_TEST_SUITE_P(Rules, RuleTest, testing::ValuesIn(AllRules()),
                         [](const testing::TestParamInfo<Rule>& rule) {
                           return rule.param.name;
                         });

TEST(GenerateSet, BytesOfSeedZeroStay) {
  const auto set = GenerateSet({}, 2, /*seed=*/0, SyntheticOptions());
  ASSERT_TRUE(set.ok()) << set.status();
  // A different hash means that all generated tasks change, also demos and
  // pretraining data.
  EXPECT_EQ(Sha256Hex(Everything(*set)),
            "e98a19a2bbba78d769c733bdcf10ce647a74cd286d4e14332b8c45455c10fec4");
}

TEST(GenerateSet, HoldsEveryRuleOnceInOrder) {
  const auto set = GenerateSet({}, 2, 7, SyntheticOptions());
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_GE(AllRules().size(), 16u);
  ASSERT_EQ(set->challenges.tasks.size(), 2 * AllRules().size());
  ASSERT_EQ(set->rules.size(), set->challenges.tasks.size());
  std::set<std::string> ids;
  for (size_t i = 0; i < set->rules.size(); ++i) {
    const Task& task = set->challenges.tasks[i];
    EXPECT_EQ(set->rules[i], AllRules()[i / 2].name);
    EXPECT_EQ(task.id, absl::StrCat(set->rules[i], "-7-", i % 2));
    ids.insert(task.id);
    ASSERT_EQ(set->solutions.count(task.id), 1u);
    EXPECT_EQ(set->solutions.at(task.id).size(), task.test_inputs.size());
  }
  EXPECT_EQ(ids.size(), set->rules.size());
  EXPECT_EQ(set->solutions.size(), ids.size());
}

TEST(GenerateSet, TasksDoNotDependOnWhatIsMadeBesideThem) {
  const auto all = GenerateSet({}, 3, 4, SyntheticOptions());
  const auto some = GenerateSet({"overlay", "crop"}, 2, 4, SyntheticOptions());
  ASSERT_TRUE(all.ok() && some.ok());
  EXPECT_EQ(some->rules,
            (std::vector<std::string>{"crop", "crop", "overlay", "overlay"}));
  for (const Task& task : some->challenges.tasks) {
    const Task* same = all->challenges.Find(task.id);
    ASSERT_NE(same, nullptr) << task.id;
    EXPECT_EQ(*same, task);
  }
}

TEST(GenerateSet, SeedsDiffer) {
  const auto a = GenerateSet({}, 1, 0, SyntheticOptions());
  const auto b = GenerateSet({}, 1, 1, SyntheticOptions());
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE(Everything(*a), Everything(*b));
}

TEST(GenerateSet, SeveralTestInputs) {
  SyntheticOptions options;
  options.test_inputs = 3;
  options.min_demonstrations = options.max_demonstrations = 4;
  const auto set = GenerateSet({}, 2, 2, options);
  ASSERT_TRUE(set.ok()) << set.status();
  for (const Task& task : set->challenges.tasks) {
    EXPECT_EQ(task.demonstrations.size(), 4u);
    ASSERT_EQ(task.test_inputs.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(PossibleAnswers(task.demonstrations, task.test_inputs[i]),
                std::vector<Grid>{set->solutions.at(task.id)[i]});
    }
  }
}

TEST(GenerateSet, UnknownRuleIsNamedWithThoseThereAre) {
  const auto set = GenerateSet({"flip", "flop"}, 1, 0, SyntheticOptions());
  EXPECT_EQ(set.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(set.status().message()),
              testing::AllOf(HasSubstr("\"flop\""), HasSubstr("gravity")));
}

TEST(GenerateSet, RefusesOptionsOutOfRange) {
  std::vector<SyntheticOptions> wrong(6);
  wrong[0].min_side = 2;
  wrong[1].max_side = 9;
  wrong[2].min_side = 6, wrong[2].max_side = 5;
  wrong[3].min_demonstrations = 0;
  wrong[4].min_demonstrations = 6;
  wrong[5].test_inputs = 0;
  for (const SyntheticOptions& options : wrong) {
    const absl::Status status = GenerateSet({"flip"}, 1, 0, options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  }
  EXPECT_EQ(GenerateSet({}, 0, 0, SyntheticOptions()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// A marker in a 3x3 grid allows 81 inputs.
TEST(GenerateSet, SaysWhenSuchGridsRunOut) {
  SyntheticOptions options;
  options.max_side = 3;
  options.min_demonstrations = options.max_demonstrations = 100;
  const absl::Status status = GenerateSet({"cross"}, 1, 0, options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              testing::AllOf(HasSubstr("rule cross"), HasSubstr("100")));
}

TEST(PossibleAnswers, TwoWhereTwoRulesExplainTheDemonstrations) {
  const std::vector<Pair> demonstrations = {
      {Grid::FromText("130 001"), Grid::FromText("230 002")}};
  // Either 1 becomes 2, or both colours are swapped.
  EXPECT_EQ(PossibleAnswers(demonstrations, Grid::FromText("120 003")),
            (std::vector<Grid>{Grid::FromText("210 003"),
                               Grid::FromText("220 003")}));
  EXPECT_EQ(PossibleAnswers(demonstrations, Grid::FromText("100 003")),
            std::vector<Grid>{Grid::FromText("200 003")});
}

TEST(PossibleAnswers, NoneWhereNoRuleExplainsThem) {
  EXPECT_TRUE(PossibleAnswers({{Grid::FromText("12"), Grid::FromText("97")}},
                              Grid::FromText("12"))
                  .empty());
}

}  // namespace
}  // namespace arctrm
