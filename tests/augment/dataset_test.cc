// SPDX-License-Identifier: MIT
#include "augment/dataset.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/augment/random_tasks.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

BuildOptions Copies(int augmentations) {
  BuildOptions options;
  options.plan.augmentations = augmentations;
  options.plan.seed = 11;
  return options;
}

DatasetSource Source(uint64_t seed, int tasks, const std::string& prefix) {
  Random random(seed, "source");
  DatasetSource source;
  for (int i = 0; i < tasks; ++i) {
    source.challenges.tasks.push_back(
        RandomTask(random, absl::StrCat(prefix, i)));
  }
  return source;
}

DatasetSource TrainOn(DatasetSource source) {
  source.train_on_test_pairs = true;
  for (const Task& task : source.challenges.tasks) {
    for (const Grid& input : task.test_inputs) {
      source.solutions[task.id].push_back(
          Grid(1, 1, static_cast<uint8_t>(input.size() % 10)));
    }
  }
  return source;
}

TEST(BuildDataset, EvaluationTasksTrainOnDemonstrationsAlone) {
  const DatasetSource source = Source(1, 3, "t");
  const auto dataset = BuildDataset({source}, Copies(5));
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  ASSERT_THAT(dataset->tasks, SizeIs(3));
  for (size_t i = 0; i < 3; ++i) {
    const Task& task = source.challenges.tasks[i];
    EXPECT_EQ(dataset->tasks[i].name, task.id);
    EXPECT_EQ(dataset->tasks[i].pairs, task.demonstrations);
    EXPECT_EQ(dataset->tasks[i].test_inputs, task.test_inputs);
    EXPECT_FALSE(dataset->tasks[i].trains_on_test_pairs);
    EXPECT_THAT(dataset->tasks[i].augmentations, SizeIs(6));
  }
}

// Solutions are not trained on unless requested.
TEST(BuildDataset, SolutionsAloneTrainNothing) {
  DatasetSource source = TrainOn(Source(1, 2, "t"));
  source.train_on_test_pairs = false;
  DatasetSource bare = source;
  bare.solutions.clear();
  const auto with = BuildDataset({source}, Copies(3));
  const auto without = BuildDataset({bare}, Copies(3));
  ASSERT_TRUE(with.ok() && without.ok());
  EXPECT_EQ(*with, *without);
}

TEST(BuildDataset, TrainOnSetsTakeTheirTestPairs) {
  const DatasetSource source = TrainOn(Source(1, 2, "t"));
  const auto dataset = BuildDataset({source}, Copies(2));
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  for (size_t i = 0; i < 2; ++i) {
    const Task& task = source.challenges.tasks[i];
    std::vector<Pair> pairs = task.demonstrations;
    for (size_t t = 0; t < task.test_inputs.size(); ++t) {
      pairs.push_back({task.test_inputs[t], source.solutions.at(task.id)[t]});
    }
    EXPECT_EQ(dataset->tasks[i].pairs, pairs);
    EXPECT_THAT(dataset->tasks[i].test_inputs, IsEmpty());
    EXPECT_TRUE(dataset->tasks[i].trains_on_test_pairs);
  }
}

TEST(BuildDataset, CountsIdsAndExamples) {
  const auto dataset = BuildDataset({Source(2, 4, "t")}, Copies(7));
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  int64_t ids = 1;
  int64_t examples = 0;
  const std::vector<int64_t> first = dataset->FirstIds();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(first[i], ids);
    const DatasetTask& task = dataset->tasks[i];
    ids += static_cast<int64_t>(task.augmentations.size());
    examples +=
        static_cast<int64_t>(task.augmentations.size() * task.pairs.size());
  }
  EXPECT_EQ(dataset->num_ids(), ids);
  EXPECT_EQ(dataset->num_examples(), examples);
  EXPECT_EQ(dataset->num_short_tasks(), 0);
}

TEST(BuildDataset, CountsTasksThatGotFewerAugmentations) {
  DatasetSource source = Source(2, 1, "t");
  Task black;
  black.id = "black";
  black.demonstrations = {{Grid(2, 2), Grid(2, 2)}};
  black.test_inputs = {Grid(2, 2)};
  source.challenges.tasks.push_back(black);
  const auto dataset = BuildDataset({source}, Copies(7));
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(dataset->num_short_tasks(), 1);
  EXPECT_THAT(dataset->tasks[1].augmentations, SizeIs(1));
}

TEST(BuildDataset, IdsTakenGetANumber) {
  DatasetSource a = Source(3, 2, "t");
  DatasetSource b = Source(4, 2, "t");
  // An id that looks like a numbered one.
  b.challenges.tasks[1].id = "t0#2";
  const auto dataset = BuildDataset({a, b, a}, Copies(1));
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  std::vector<std::string> names;
  for (const DatasetTask& task : dataset->tasks) names.push_back(task.name);
  EXPECT_THAT(names, ElementsAre("t0", "t1", "t0#2", "t0#2#2", "t0#3", "t1#2"));
  // Keeps equal tasks, each with its own augmentations.
  EXPECT_EQ(dataset->tasks[1].pairs, dataset->tasks[5].pairs);
  EXPECT_NE(dataset->tasks[1].augmentations, dataset->tasks[5].augmentations);
}

TEST(BuildDataset, ThreadsChangeNothing) {
  const std::vector<DatasetSource> sources = {Source(5, 30, "a"),
                                              TrainOn(Source(6, 20, "b"))};
  BuildOptions options = Copies(40);
  const auto one = BuildDataset(sources, options);
  ASSERT_TRUE(one.ok());
  for (int threads : {0, 2, 3, 64, 200}) {
    options.threads = threads;
    const auto many = BuildDataset(sources, options);
    ASSERT_TRUE(many.ok());
    EXPECT_EQ(*many, *one) << threads;
  }
}

TEST(BuildDataset, PlansDoNotDependOnTheOtherTasks) {
  const DatasetSource all = Source(5, 10, "a");
  DatasetSource some = all;
  some.challenges.tasks.erase(some.challenges.tasks.begin());
  const auto more = BuildDataset({all}, Copies(20));
  const auto less = BuildDataset({some}, Copies(20));
  ASSERT_TRUE(more.ok() && less.ok());
  for (size_t i = 0; i < less->tasks.size(); ++i) {
    EXPECT_EQ(less->tasks[i], more->tasks[i + 1]);
  }
}

TEST(BuildDataset, CanvasFitsWhatIsKnownOrIsGiven) {
  DatasetSource source = Source(7, 1, "t");
  source.challenges.tasks[0].test_inputs = {Grid(12, 3)};
  EXPECT_EQ(BuildDataset({source}, Copies(0))->canvas.side, 13);
  BuildOptions options = Copies(0);
  options.canvas_margin = 2;
  EXPECT_EQ(BuildDataset({source}, options)->canvas.side, 15);
  options.canvas_margin = 100;
  EXPECT_EQ(BuildDataset({source}, options)->canvas.side, 30);
  options.canvas_margin = 0;
  options.canvas_side = 12;
  EXPECT_EQ(BuildDataset({source}, options)->canvas.side, 12);
  // Hidden outputs have no influence.
  source.solutions["t0"] = {Grid(30, 30)};
  EXPECT_EQ(BuildDataset({source}, Copies(0))->canvas.side, 13);
  source.train_on_test_pairs = true;
  EXPECT_EQ(BuildDataset({source}, Copies(0))->canvas.side, 30);
}

TEST(BuildDataset, NamesTheFirstTaskTooLargeForTheCanvas) {
  DatasetSource source = Source(8, 4, "t");
  source.challenges.tasks[2].demonstrations[0].output = Grid(2, 21);
  source.challenges.tasks[3].demonstrations[0].output = Grid(25, 2);
  BuildOptions options = Copies(1);
  options.canvas_side = 20;
  const absl::Status status = BuildDataset({source}, options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("task t2 "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("21"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("20 by 20"));
}

TEST(BuildDataset, TellsHowFarItIs) {
  std::vector<std::pair<int, int>> calls;
  BuildOptions options = Copies(2);
  options.threads = 2;
  options.progress = [&](int done, int all) { calls.emplace_back(done, all); };
  ASSERT_TRUE(BuildDataset({Source(9, 5, "t")}, options).ok());
  ASSERT_FALSE(calls.empty());
  EXPECT_EQ(calls.back(), std::make_pair(5, 5));
  for (size_t i = 1; i < calls.size(); ++i) {
    EXPECT_GE(calls[i].first, calls[i - 1].first);
  }
}

TEST(BuildDataset, NoTasksIsAnEmptyDataset) {
  const auto dataset = BuildDataset({}, Copies(3));
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(dataset->num_ids(), 1);
  EXPECT_EQ(dataset->num_examples(), 0);
  EXPECT_THAT(dataset->FirstIds(), IsEmpty());
}

TEST(AppendDataset, PutsTasksBehindAndNumbersNames) {
  BuildOptions options = Copies(3);
  options.canvas_side = 12;
  auto into = BuildDataset({Source(1, 2, "t")}, options);
  options.plan.augmentations = 5;
  auto more = BuildDataset({Source(2, 3, "t")}, options);
  ASSERT_TRUE(into.ok() && more.ok());
  const Dataset first = *into;
  ASSERT_TRUE(AppendDataset(*more, *into).ok());
  ASSERT_THAT(into->tasks, SizeIs(5));
  EXPECT_EQ(into->tasks[1], first.tasks[1]);
  EXPECT_EQ(into->tasks[2].name, "t0#2");
  EXPECT_EQ(into->tasks[3].name, "t1#2");
  EXPECT_EQ(into->tasks[4].name, "t2");
  EXPECT_EQ(into->tasks[2].augmentations, more->tasks[0].augmentations);
}

TEST(AppendDataset, RefusesAnotherCanvas) {
  BuildOptions options = Copies(1);
  options.canvas_side = 12;
  auto into = BuildDataset({Source(1, 1, "t")}, options);
  options.canvas_side = 13;
  auto more = BuildDataset({Source(1, 1, "t")}, options);
  ASSERT_TRUE(into.ok() && more.ok());
  const Dataset before = *into;
  const absl::Status status = AppendDataset(*more, *into);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("13"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("12"));
  EXPECT_EQ(*into, before);
}

}  // namespace
}  // namespace arctrm
