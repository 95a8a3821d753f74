// SPDX-License-Identifier: MIT
#include "solver/train/sampler.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "solver/train/example_queue.h"

namespace arctrm::internal {
namespace {

Dataset SmallDataset() {
  Dataset dataset;
  dataset.canvas.side = 6;
  for (int t = 0; t < 5; ++t) {
    DatasetTask task;
    task.name = "t" + std::to_string(t);
    for (int p = 0; p <= t; ++p) {
      task.pairs.push_back({Grid(2, 3, static_cast<uint8_t>(p)),
                            Grid(3, 2, static_cast<uint8_t>(t))});
    }
    for (int c = 0; c < 3; ++c) {
      Augmentation a;
      a.dihedral = c;
      task.augmentations.push_back(a);
    }
    dataset.tasks.push_back(task);
  }
  return dataset;
}

bool Same(const Example& a, const Example& b) {
  return a.task == b.task && a.augmentation == b.augmentation &&
         a.pair == b.pair && a.offset.row == b.offset.row &&
         a.offset.col == b.offset.col && a.embedding_id == b.embedding_id;
}

TEST(ExampleSampler, AnEpochTakesEveryTaskOnceWithAllItsPairs) {
  const Dataset dataset = SmallDataset();
  ExampleSampler sampler(&dataset, true, 0, 7);
  for (int epoch = 0; epoch < 20; ++epoch) {
    std::map<int, std::set<int>> pairs;
    std::map<int, std::set<int>> augmentations;
    for (int i = 0; i < 1 + 2 + 3 + 4 + 5; ++i) {
      const Example example = sampler.Next();
      EXPECT_TRUE(pairs[example.task].insert(example.pair).second);
      augmentations[example.task].insert(example.augmentation);
      EXPECT_EQ(example.embedding_id,
                dataset.FirstIds()[static_cast<size_t>(example.task)] +
                    example.augmentation);
    }
    EXPECT_EQ(pairs.size(), 5u);
    for (const auto& [task, seen] : augmentations) EXPECT_EQ(seen.size(), 1u);
    EXPECT_EQ(sampler.epochs(), epoch + 1);
  }
}

// `of`: the window of the task, not transposed.
void ExpectWindowsThatCutOnlyPadding(const Dataset& dataset, GridSize of) {
  ExampleSampler whole(&dataset, true, 0, 7);
  ExampleSampler cut(&dataset, true, 0, 7, 1);
  int moved = 0;
  int moved_right = 0;
  for (int i = 0; i < 300; ++i) {
    const Example a = whole.Next();
    const Example b = cut.Next();
    ASSERT_TRUE(Same(a, b));
    const Augmentation& copy =
        dataset.tasks[static_cast<size_t>(b.task)]
            .augmentations[static_cast<size_t>(b.augmentation)];
    const int dihedral = copy.dihedral;
    const bool turned =
        dihedral == 1 || dihedral == 3 || dihedral == 6 || dihedral == 7;
    const GridSize size = turned ? GridSize{of.cols, of.rows} : of;
    ASSERT_EQ(a.window.size, (GridSize{9, 9}));
    ASSERT_EQ(b.window.size, size) << dihedral;
    ASSERT_LE(b.window.origin.row + size.rows, 9);
    ASSERT_LE(b.window.origin.col + size.cols, 9);
    moved += b.window.origin.row > 0;
    moved_right += b.window.origin.col > 0;
    std::vector<uint8_t> whole_input(81), whole_label(81);
    const auto cells = static_cast<size_t>(size.cells());
    std::vector<uint8_t> input(cells), label(cells);
    whole.Encode(a, whole_input.data(), whole_label.data());
    cut.Encode(b, input.data(), label.data());
    for (int r = 0; r < 9; ++r) {
      for (int c = 0; c < 9; ++c) {
        const int wr = r - b.window.origin.row;
        const int wc = c - b.window.origin.col;
        const bool inside =
            wr >= 0 && wr < size.rows && wc >= 0 && wc < size.cols;
        const size_t at = static_cast<size_t>(9 * r + c);
        const size_t within = static_cast<size_t>(size.cols * wr + wc);
        ASSERT_EQ(whole_input[at], inside ? input[within] : kPadToken);
        ASSERT_EQ(whole_label[at], inside ? label[within] : kPadToken);
      }
    }
  }
  EXPECT_GT(moved, 50);
  EXPECT_GT(moved_right, 50);
}

TEST(ExampleSampler, WindowsCutOnlyPadding) {
  Dataset dataset = SmallDataset();
  dataset.canvas.side = 9;
  ExpectWindowsThatCutOnlyPadding(dataset, {4, 4});
}

TEST(ExampleSampler, WindowsAreTurnedWithTheirTasks) {
  Dataset dataset = SmallDataset();
  dataset.canvas.side = 9;
  Random random(4, "test");
  for (DatasetTask& task : dataset.tasks) {
    for (Pair& pair : task.pairs) {
      for (Grid* grid : {&pair.input, &pair.output}) {
        *grid = Grid(grid == &pair.input ? 2 : 1, 5);
        for (int i = 0; i < grid->size(); ++i) {
          grid->at(i / 5, i % 5) = static_cast<uint8_t>(random.Below(10));
        }
      }
    }
    task.augmentations.clear();
    for (int d = 0; d < kNumDihedral; ++d) {
      task.augmentations.emplace_back();
      task.augmentations.back().dihedral = d;
    }
  }
  ExpectWindowsThatCutOnlyPadding(dataset, {3, 6});
}

TEST(ExampleSampler, PairsPerVisitMixesTheTasks) {
  const Dataset dataset = SmallDataset();
  ExampleSampler sampler(&dataset, true, 2, 7);
  std::map<int, std::map<int, int>> pairs;
  for (int epoch = 0; epoch < 300; ++epoch) {
    std::map<int, int> of_task;
    for (int i = 0; i < 1 + 2 + 2 + 2 + 2; ++i) {
      const Example example = sampler.Next();
      ++of_task[example.task];
      ++pairs[example.task][example.pair];
    }
    for (int t = 0; t < 5; ++t) EXPECT_EQ(of_task[t], std::min(t + 1, 2));
  }
  // Each pair is drawn 300 * 2 / (t + 1) times on average.
  for (int t = 1; t < 5; ++t) {
    EXPECT_EQ(pairs[t].size(), static_cast<size_t>(t + 1));
    for (const auto& [pair, times] : pairs[t]) {
      EXPECT_GT(times, 300 / (t + 1)) << t << " " << pair;
    }
  }
}

TEST(ExampleSampler, AllAugmentationsComeUpEvenly) {
  const Dataset dataset = SmallDataset();
  ExampleSampler sampler(&dataset, false, 0, 1);
  std::map<std::pair<int, int>, int> count;
  for (int i = 0; i < 15 * 600; ++i) {
    const Example example = sampler.Next();
    if (example.pair == 0) ++count[{example.task, example.augmentation}];
  }
  for (int task = 0; task < 5; ++task) {
    for (int copy = 0; copy < 3; ++copy) {
      EXPECT_NEAR((count[{task, copy}]), 200, 60);
    }
  }
}

TEST(ExampleSampler, OnePairOfEachCopyIsNeverMoved) {
  const Dataset dataset = SmallDataset();
  ExampleSampler sampler(&dataset, true, 0, 3);
  std::map<std::pair<int64_t, int>, bool> moved;
  for (int i = 0; i < 15 * 400; ++i) {
    const Example example = sampler.Next();
    moved[{example.embedding_id, example.pair}] |=
        example.offset.row != 0 || example.offset.col != 0;
  }
  std::map<int64_t, int> still;
  for (const auto& [key, has_moved] : moved) still[key.first] += !has_moved;
  for (const auto& [id, count] : still) EXPECT_EQ(count, 1) << id;
}

TEST(ExampleSampler, GoesOnFromItsState) {
  const Dataset dataset = SmallDataset();
  ExampleSampler sampler(&dataset, true, 0, 5);
  for (int warm = 0; warm < 40; ++warm) {
    const std::string state = sampler.State();
    ExampleSampler other(&dataset, true, 0, 99);
    ASSERT_TRUE(other.SetState(state).ok());
    ExampleSampler copy = sampler;
    for (int i = 0; i < 30; ++i) EXPECT_TRUE(Same(copy.Next(), other.Next()));
    sampler.Next();
  }
}

TEST(ExampleSampler, DamagedStatesAreRefused) {
  const Dataset dataset = SmallDataset();
  ExampleSampler sampler(&dataset, true, 0, 5);
  const std::string state = sampler.State();
  for (size_t size = 0; size + 1 < state.size(); size += 3) {
    ExampleSampler other(&dataset, true, 0, 5);
    const absl::Status status = other.SetState(state.substr(0, size));
    EXPECT_FALSE(status.ok()) << size;
  }
  ExampleSampler other(&dataset, true, 0, 5);
  EXPECT_FALSE(other.SetState(state + ",77").ok());
}

TEST(ExampleSampler, EncodesTheAugmentedPair) {
  const Dataset dataset = SmallDataset();
  ExampleSampler sampler(&dataset, true, 0, 11);
  for (int i = 0; i < 100; ++i) {
    const Example example = sampler.Next();
    std::vector<uint8_t> input(36);
    std::vector<uint8_t> label(36);
    sampler.Encode(example, input.data(), label.data());
    if (example.offset.row != 0 || example.offset.col != 0) continue;
    const DatasetTask& task = dataset.tasks[static_cast<size_t>(example.task)];
    const Augmentation& copy =
        task.augmentations[static_cast<size_t>(example.augmentation)];
    EXPECT_EQ(CropGrid(label, dataset.canvas),
              copy.Apply(task.pairs[static_cast<size_t>(example.pair)].output));
  }
}

// Drawing ahead and resuming at any time do not change the stream.
TEST(ExampleQueue, DrawingAheadChangesNothing) {
  const Dataset dataset = SmallDataset();
  ExampleSampler plain(&dataset, true, 0, 7, 1);
  ExampleQueue queue(ExampleSampler(&dataset, true, 0, 7, 1));
  Random random(3, "test");
  for (int round = 0; round < 60; ++round) {
    if (random.Chance(0.5)) {
      queue.DrawAhead(random.Between(0, 9), random.Chance(0.5));
    }
    for (int64_t n = random.Below(12); n > 0; --n) {
      const Example wanted = plain.Next();
      const ExampleQueue::Entry entry = queue.Next();
      ASSERT_TRUE(Same(entry.example, wanted));
      const auto cells = static_cast<size_t>(wanted.window.size.cells());
      std::vector<uint8_t> tokens(4 * cells);
      uint8_t* at = tokens.data();
      plain.Encode(wanted, at, at + cells);
      queue.Encode(entry, at + 2 * cells, at + 3 * cells);
      EXPECT_TRUE(std::equal(at, at + 2 * cells, at + 2 * cells));
    }
    ASSERT_EQ(queue.State(), plain.State());
    if (round % 9 == 4) {
      ExampleQueue resumed(ExampleSampler(&dataset, true, 0, 1, 1));
      resumed.DrawAhead(5, true);
      ASSERT_TRUE(resumed.SetState(queue.State()).ok());
      EXPECT_EQ(resumed.waiting(), 0);
      queue = resumed;
    }
  }
}

}  // namespace
}  // namespace arctrm::internal
