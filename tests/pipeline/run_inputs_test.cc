// SPDX-License-Identifier: MIT
#include "pipeline/run_inputs.h"

#include <string>

#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/gzip.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

constexpr char kChallenges[] =
    R"({"a": {"train": [{"input": [[1]], "output": [[2]]}],
              "test": [{"input": [[3]]}]}})";
constexpr char kOther[] =
    R"({"b": {"train": [{"input": [[4]], "output": [[5]]}],
              "test": [{"input": [[6]]}]}})";
constexpr char kSolutions[] = R"({"a": [[[7]]]})";

class RunInputsTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(WriteFileAtomically(scratch_(name), text).ok());
    return scratch_(name);
  }

  const ScratchFolder scratch_;
};

TEST_F(RunInputsTest, ChallengesNeverTrainOnTestOutputs) {
  const std::string challenges = Write("x.json", kChallenges);
  const std::string solutions = Write("s.json", kSolutions);
  const auto inputs = ReadRunInputs({challenges}, solutions, {});
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(inputs->solutions.at("a")[0], Grid::FromText("7"));
  ASSERT_EQ(inputs->sources.size(), 1u);
  EXPECT_FALSE(inputs->sources[0].train_on_test_pairs);
  EXPECT_TRUE(inputs->sources[0].solutions.empty());
}

TEST_F(RunInputsTest, TrainOnTakesTestPairsFromTheFileBeside) {
  const std::string challenges = Write("x.json", kOther);
  const std::string train = Write("set_challenges.json", kChallenges);
  Write("set_solutions.json", kSolutions);
  const auto inputs = ReadRunInputs({challenges}, "", {train});
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  ASSERT_EQ(inputs->sources.size(), 2u);
  EXPECT_TRUE(inputs->sources[1].train_on_test_pairs);
  EXPECT_EQ(inputs->sources[1].solutions.at("a")[0], Grid::FromText("7"));
}

TEST_F(RunInputsTest, FileNamesMayHoldEqualsSigns) {
  const std::string train = Write("lr=1.json", kChallenges);
  const std::string solutions = Write("seed=2=b.json", kSolutions);
  const auto both = ReadRunInputs({}, "", {train + "=" + solutions});
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->sources[0].solutions.at("a")[0], Grid::FromText("7"));
  EXPECT_THAT(TrainOnPaths(train + "=" + solutions),
              testing::ElementsAre(train, solutions));
  const auto message = [](const std::string& argument) {
    return std::string(ReadRunInputs({}, "", {argument}).status().message());
  };
  EXPECT_THAT(message(train + "=absent=x.json"),
              testing::HasSubstr("absent=x.json"));
  EXPECT_THAT(message(train + "=absent=x.json"),
              testing::Not(testing::HasSubstr(train + "=")));
  EXPECT_THAT(message(train + "="),
              testing::HasSubstr("no file is named after the '='"));
  EXPECT_THAT(message("=" + solutions),
              testing::HasSubstr("no file is named before the '='"));
}

TEST_F(RunInputsTest, TrainOnNamesItsSolutionsAfterAnEqualsSign) {
  const std::string challenges = Write("x.json", kOther);
  const std::string train = Write("t.json", kChallenges);
  const std::string solutions = Write("s.json", kSolutions);
  EXPECT_TRUE(ReadRunInputs({challenges}, "", {train + "=" + solutions}).ok());
}

TEST_F(RunInputsTest, TrainOnWithoutSolutionsSaysHowToGiveThem) {
  const std::string challenges = Write("x.json", kOther);
  const std::string train = Write("t.json", kChallenges);
  const auto inputs = ReadRunInputs({challenges}, "", {train});
  ASSERT_EQ(inputs.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(inputs.status().message()),
              testing::HasSubstr("=SOLUTIONS.json"));
}

TEST_F(RunInputsTest, FindsPackedSolutionsBesideAPackedFile) {
  for (const std::string name :
       {"set_solutions.json.gz", "set_solutions.json"}) {
    const std::string train =
        Write("set_challenges.json.gz", Gzip(kChallenges));
    const std::string solutions = Write(name, kSolutions);
    const auto inputs = ReadRunInputs({}, "", {train});
    ASSERT_TRUE(inputs.ok()) << inputs.status();
    EXPECT_EQ(inputs->sources[0].solutions.at("a")[0], Grid::FromText("7"));
    ASSERT_TRUE(RemoveAll(solutions).ok());
  }
}

TEST_F(RunInputsTest, TrainOnNamesTheUnusableTasksItOmits) {
  const std::string pair = R"({"input": [[1]], "output": [[2]]})";
  const auto task = [&](const std::string& test) {
    return "{\"train\": [" + pair + "], \"test\": [" + test + "]}";
  };
  const std::string train =
      Write("t.json", "{\"a\": " + task(R"({"input": [[1]]})") +
                          ", \"b\": " + task(R"({"input": [[1], [2, 3]]})") +
                          ", \"c\": " + task(R"({"input": [[1]]})") + "}");
  const std::string solutions =
      Write("s.json", R"({"a": [[[1]]], "b": [[[1]]], "c": [[[11]]]})");
  const auto inputs = ReadRunInputs({}, "", {train + "=" + solutions});
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  const DatasetSource& source = inputs->sources[0];
  ASSERT_EQ(source.challenges.tasks.size(), 1u);
  EXPECT_EQ(source.challenges.tasks[0].id, "a");
  EXPECT_EQ(source.solutions.size(), 1u);
  std::string remarks;
  for (const Remark& remark : inputs->remarks) {
    EXPECT_TRUE(remark.warns);
    remarks += WholeRemarkText(remark) + "\n";
  }
  EXPECT_THAT(
      remarks,
      testing::AllOf(
          testing::HasSubstr("left out 1 of 3 tasks: b (test[0].input row 1"),
          testing::HasSubstr("left out 1 of 2 tasks for their solutions: c "
                             "(solution[0] row 0 column 0: expected a "
                             "colour")));
}

TEST_F(RunInputsTest, TheFirstFaultsAreNamedAndTheOthersCounted) {
  constexpr int kLines = 3000;
  std::string text = R"({"id":"a","train":[{"input":[[1]],"output":[[2]]}],)"
                     R"("test":[{"input":[[3]],"output":[[4]]}]})";
  for (int i = 0; i < kLines; ++i) text += "\n{}";
  const auto inputs = ReadRunInputs({}, "", {Write("many.jsonl", text)});
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  ASSERT_EQ(inputs->remarks.size(), 1u);
  const Remark& remark = inputs->remarks[0];
  EXPECT_EQ(remark.items.size(), kMostItems);
  EXPECT_EQ(remark.more, kLines - kMostItems);
  EXPECT_THAT(WholeRemarkText(remark),
              testing::HasSubstr("left out 3000 of 3001 tasks"));
  EXPECT_THAT(WholeRemarkText(remark), testing::EndsWith("; and 2000 more"));
}

TEST_F(RunInputsTest, TrainOnWithSolutionsOfOtherTasksIsRefused) {
  const std::string train = Write("t.json", kChallenges);
  for (const std::string solutions :
       {R"({"b": [[[1]]]})", R"({"a": [[[1]], [[2]]]})",
        R"({"a": [[[1]]], "b": [[[1]]]})"}) {
    const std::string path = Write("s.json", solutions);
    const auto inputs = ReadRunInputs({}, "", {train + "=" + path});
    ASSERT_EQ(inputs.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(inputs.status().message()),
                testing::HasSubstr(path));
  }
}

TEST_F(RunInputsTest, FaultsOfAllChallengesAreInOneError) {
  const std::string first = Write("x.json", "{");
  const std::string second = Write("y.json", R"({"a": 7, "b": 8})");
  const auto inputs = ReadRunInputs({first, second}, "", {});
  ASSERT_EQ(inputs.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(inputs.status().message()),
      testing::AllOf(testing::HasSubstr(first + ": not JSON"),
                     testing::HasSubstr(second + ": 2 faults: task a:")));
}

TEST_F(RunInputsTest, OneTaskInTwoSetsIsRefused) {
  const std::string first = Write("x.json", kChallenges);
  const std::string second = Write("y.json", kChallenges);
  const auto inputs = ReadRunInputs({first, second}, "", {});
  ASSERT_EQ(inputs.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(inputs.status().message()),
      testing::AllOf(testing::HasSubstr("task a"), testing::HasSubstr(first)));
}

}  // namespace
}  // namespace arctrm
