// SPDX-License-Identifier: MIT
// The stages of a run outside the network, on one thread: reading, augmenting
// and encoding tasks, datasets and ballots on disk, counting votes, writing
// submission and report. 406 generated tasks with doubled cells, about as large
// as in ARC's evaluation sets. `floor` is the share of the machine's measured
// best: reading, or writing and syncing, a file of the same size; for work in
// memory, copying the same number of bytes.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "arc/write.h"
#include "augment/augmentation_sampling.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/status.h"
#include "bench/floor.h"
#include "benchmark/benchmark.h"
#include "solver/embedding_index.h"
#include "solver/predictor.h"
#include "solver/train/sampler.h"
#include "submission/report.h"
#include "submission/score.h"
#include "submission/validate.h"
#include "submission/write.h"
#include "synthetic/rules.h"
#include "tta/ballots.h"
#include "tta/predict.h"

namespace arctrm {
namespace {

// A temporary folder, removed at the end.
class Scratch {
 public:
  Scratch() {
    const char* place = std::getenv("TMPDIR");
    path_ = absl::StrCat(place == nullptr ? "/tmp" : place,
                         "/arctrm-stage-bench-", getpid());
    ARCTRM_CHECK(MakeDirectories(path_).ok());
  }
  ~Scratch() { RemoveAll(path_).IgnoreError(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator()(absl::string_view name) const {
    return JoinPath(path_, name);
  }

 private:
  std::string path_;
};

std::string Path(absl::string_view name) {
  static const Scratch scratch;
  return scratch(name);
}

Grid Doubled(const Grid& grid) {
  Grid large(2 * grid.rows(), 2 * grid.cols());
  for (int r = 0; r < large.rows(); ++r) {
    for (int c = 0; c < large.cols(); ++c) {
      large.at(r, c) = grid.at(r / 2, c / 2);
    }
  }
  return large;
}

const SyntheticSet& Tasks() {
  static const SyntheticSet* const tasks = [] {
    auto* set = new SyntheticSet(*GenerateSet({}, 14, 0, SyntheticOptions()));
    for (Task& task : set->challenges.tasks) {
      for (Pair& pair : task.demonstrations) {
        pair = {Doubled(pair.input), Doubled(pair.output)};
      }
      for (Grid& grid : task.test_inputs) grid = Doubled(grid);
    }
    for (auto& [id, grids] : set->solutions) {
      for (Grid& grid : grids) grid = Doubled(grid);
    }
    return set;
  }();
  return *tasks;
}

BuildOptions Building(int augmentations) {
  BuildOptions options;
  options.plan.augmentations = augmentations;
  options.canvas_side = kMaxSide;
  return options;
}

const Dataset& Data() {
  static const auto* const dataset = new Dataset(
      *BuildDataset({{Tasks().challenges, {}, false}}, Building(1000)));
  return *dataset;
}

constexpr int kViews = 100;  // per test input

// Every second vote is for the solution; the others change a cell, often the
// same one.
const Ballots& Votes() {
  static const Ballots* const votes = [] {
    auto* ballots = new Ballots;
    Random random(1, "bench");
    for (const DatasetTask& task : Data().tasks) {
      const std::vector<Grid>& solutions = Tasks().solutions.at(task.name);
      for (size_t i = 0; i < solutions.size(); ++i) {
        for (int view = 0; view < kViews; ++view) {
          Vote vote;
          vote.grid = solutions[i];
          if (view % 2 == 1) {
            const auto at = static_cast<int>(
                random.Below(1 + random.Below(static_cast<uint64_t>(
                                     std::min(vote.grid.size(), 40)))));
            uint8_t& cell =
                vote.grid.at(at / vote.grid.cols(), at % vote.grid.cols());
            cell = static_cast<uint8_t>((cell + 1) % kNumColors);
          }
          vote.confidence = static_cast<float>(random.Below(1000)) / 1000;
          vote.augmentation = RandomAugmentation(random).Key();
          vote.source = "bench";
          ballots->Add(task.name, static_cast<int>(i), std::move(vote));
        }
      }
    }
    return ballots;
  }();
  return *votes;
}

double Cells(const Task& task) {
  int cells = 0;
  for (const Pair& pair : task.demonstrations) {
    cells += pair.input.size() + pair.output.size();
  }
  for (const Grid& grid : task.test_inputs) cells += grid.size();
  return cells;
}

int64_t FileBytes(const std::string& path) {
  return static_cast<int64_t>(ReadFile(path)->size());
}

template <typename Call>
double LeastSeconds(Call&& call) {
  double least = 1e9;
  for (int i = 0; i < 7; ++i) {
    const double start = WallSeconds();
    call();
    least = std::min(least, WallSeconds() - start);
  }
  return least;
}

// The best time in seconds for `bytes` bytes.
double ReadFloor(int64_t bytes) {
  const std::string path = Path("floor");
  ARCTRM_CHECK(
      WriteFileAtomically(path, std::string(static_cast<size_t>(bytes), 'x'))
          .ok());
  return LeastSeconds([&] { benchmark::DoNotOptimize(ReadFile(path)); });
}
double WriteFloor(int64_t bytes) {
  const std::string text(static_cast<size_t>(bytes), 'x');
  return LeastSeconds(
      [&] { ARCTRM_CHECK(WriteFileAtomically(Path("floor"), text).ok()); });
}
double CopyFloor(int64_t bytes) {
  return 2 * static_cast<double>(bytes) / StreamRate(2 * bytes);
}

// Runs `work`, which processes `items` and `bytes` per call.
template <typename Work>
void Measure(benchmark::State& state, int64_t items, int64_t bytes,
             double floor_s, Work&& work) {
  const double seconds = SecondsEach(state, WallSeconds, work);
  state.SetItemsProcessed(state.iterations() * items);
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["floor"] = floor_s / seconds;
}

int64_t NumTasks() {
  return static_cast<int64_t>(Tasks().challenges.tasks.size());
}

// Items are tasks.
void BM_ChallengesJson_Read(benchmark::State& state) {
  const std::string path = Path("challenges.json");
  const std::string json = ChallengesJson(Tasks().challenges);
  ARCTRM_CHECK(WriteFileAtomically(path, json).ok());
  const auto bytes = static_cast<int64_t>(json.size());
  Measure(state, NumTasks(), bytes, ReadFloor(bytes),
          [&] { benchmark::DoNotOptimize(*ReadTasks(path)); });
}
BENCHMARK(BM_ChallengesJson_Read)->UseRealTime();

// Items are augmentations, bytes the cells of their grids.
void BM_Augmentations_Plan(benchmark::State& state) {
  const std::vector<DatasetSource> sources = {{Tasks().challenges, {}, false}};
  const BuildOptions options = Building(static_cast<int>(state.range(0)));
  const Dataset dataset = *BuildDataset(sources, options);
  double cells = 0;
  for (size_t i = 0; i < dataset.tasks.size(); ++i) {
    cells += Cells(Tasks().challenges.tasks[i]) *
             static_cast<double>(dataset.tasks[i].augmentations.size());
  }
  const auto bytes = static_cast<int64_t>(cells);
  Measure(state, dataset.num_ids() - 1, bytes, CopyFloor(bytes),
          [&] { benchmark::DoNotOptimize(*BuildDataset(sources, options)); });
}
BENCHMARK(BM_Augmentations_Plan)
    ->ArgName("copies")
    ->Arg(100)
    ->Arg(1000)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Items are training examples, bytes their tokens.
void BM_Examples_Encode(benchmark::State& state) {
  constexpr int kExamples = 1000;
  const auto make = [&] {
    return internal::ExampleSampler(&Data(), true, 0, 0,
                                    static_cast<int>(state.range(0)));
  };
  std::vector<uint8_t> input(kMaxSide * kMaxSide);
  std::vector<uint8_t> label(input.size());
  int64_t bytes = 0;  // of the first thousand
  internal::ExampleSampler first = make();
  for (int i = 0; i < kExamples; ++i) {
    bytes += 2 * first.Next().window.size.cells();
  }
  internal::ExampleSampler sampler = make();
  Measure(state, kExamples, bytes, CopyFloor(bytes), [&] {
    for (int i = 0; i < kExamples; ++i) {
      sampler.Encode(sampler.Next(), input.data(), label.data());
      benchmark::ClobberMemory();
    }
  });
}
BENCHMARK(BM_Examples_Encode)->ArgName("fitted")->Arg(0)->Arg(1)->UseRealTime();

// Items are examples of the dataset, bytes its files.
void BM_Dataset_Write(benchmark::State& state) {
  const std::string path = Path("dataset");
  const int64_t bytes = *WriteDataset(Data(), path);
  Measure(state, Data().num_examples(), bytes, WriteFloor(bytes),
          [&] { ARCTRM_CHECK(WriteDataset(Data(), path).ok()); });
}
BENCHMARK(BM_Dataset_Write)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_Dataset_Read(benchmark::State& state) {
  const std::string path = Path("dataset");
  const int64_t bytes = *WriteDataset(Data(), path);
  Measure(state, Data().num_examples(), bytes, ReadFloor(bytes),
          [&] { benchmark::DoNotOptimize(*ReadDataset(path)); });
}
BENCHMARK(BM_Dataset_Read)->UseRealTime()->Unit(benchmark::kMillisecond);

// A predictor that returns its input.
class Echo final : public Predictor {
 public:
  Canvas canvas() const override { return Canvas(); }
  int canvas_step() const override { return 1; }
  int max_batch() const override { return 64; }
  absl::StatusOr<std::vector<PredictorOutput>> Predict(
      absl::Span<const PredictorInput> inputs) override {
    std::vector<PredictorOutput> outputs;
    outputs.reserve(inputs.size());
    for (const PredictorInput& input : inputs) {
      outputs.push_back({input.tokens, 0, 1});
    }
    return outputs;
  }
};

// Voting without the network. Items are views, bytes the cells of their test
// inputs.
void BM_Views_PrepareAndVote(benchmark::State& state) {
  EmbeddingIndex ids = EmbeddingIndexOf(Data());
  for (TaskEmbeddings& task : ids.tasks) {
    std::fill(task.updates.begin(), task.updates.end(), 1);
  }
  Echo predictor;
  VoteOptions options;
  options.max_views = kViews;
  int64_t cells = 0;
  for (const Task& task : Tasks().challenges.tasks) {
    for (const Grid& grid : task.test_inputs) cells += grid.size();
  }
  const auto vote = [&] {
    Ballots ballots;
    return *PredictVotes(predictor, ids, Tasks().challenges, options, nullptr,
                         ballots);
  };
  Measure(state, vote().progress.views_done, kViews * cells,
          CopyFloor(kViews * cells), [&] { benchmark::DoNotOptimize(vote()); });
}
BENCHMARK(BM_Views_PrepareAndVote)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

int64_t VoteBytes() {
  int64_t bytes = 0;
  for (const auto& [id, grids] : Tasks().solutions) {
    for (const Grid& grid : grids) bytes += kViews * grid.size();
  }
  return bytes;
}

// Items are votes, bytes the cells of their grids.
void BM_Votes_Count(benchmark::State& state) {
  Measure(state, Votes().num_votes(), VoteBytes(), CopyFloor(VoteBytes()), [&] {
    benchmark::DoNotOptimize(ChooseAttempts(Votes(), Tasks().challenges));
  });
}
BENCHMARK(BM_Votes_Count)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_Votes_Merge(benchmark::State& state) {
  Measure(state, Votes().num_votes(), VoteBytes(), CopyFloor(VoteBytes()), [&] {
    Ballots ballots;
    ballots.Merge(Votes());
    benchmark::DoNotOptimize(ballots);
  });
}
BENCHMARK(BM_Votes_Merge)->UseRealTime()->Unit(benchmark::kMillisecond);

// Items are votes, bytes the file.
void BM_Ballots_Write(benchmark::State& state) {
  const std::string path = Path("ballots.zst");
  ARCTRM_CHECK(Votes().Write(path).ok());
  const int64_t bytes = FileBytes(path);
  Measure(state, Votes().num_votes(), bytes, WriteFloor(bytes),
          [&] { ARCTRM_CHECK(Votes().Write(path).ok()); });
}
BENCHMARK(BM_Ballots_Write)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_Ballots_Read(benchmark::State& state) {
  const std::string path = Path("ballots.zst");
  ARCTRM_CHECK(Votes().Write(path).ok());
  const int64_t bytes = FileBytes(path);
  Measure(state, Votes().num_votes(), bytes, ReadFloor(bytes),
          [&] { benchmark::DoNotOptimize(*Ballots::Read(path)); });
}
BENCHMARK(BM_Ballots_Read)->UseRealTime()->Unit(benchmark::kMillisecond);

const Submission& Answers() {
  static const auto* const answers =
      new Submission(ChooseAttempts(Votes(), Tasks().challenges));
  return *answers;
}

// Items are tasks from here.
void BM_Submission_Write(benchmark::State& state) {
  const std::string path = Path("submission.json");
  const auto bytes = static_cast<int64_t>(SubmissionJson(Answers()).size());
  Measure(state, NumTasks(), bytes, WriteFloor(bytes), [&] {
    ARCTRM_CHECK(WriteSubmission(Answers(), Tasks().challenges, path).ok());
  });
}
BENCHMARK(BM_Submission_Write)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_Submission_Validate(benchmark::State& state) {
  const std::string path = Path("submission.json");
  ARCTRM_CHECK(WriteSubmission(Answers(), Tasks().challenges, path).ok());
  const int64_t bytes = FileBytes(path);
  Measure(state, NumTasks(), bytes, ReadFloor(bytes), [&] {
    ARCTRM_CHECK(ValidateSubmission(path, Tasks().challenges)->empty());
  });
}
BENCHMARK(BM_Submission_Validate)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_Submission_Score(benchmark::State& state) {
  const auto bytes = static_cast<int64_t>(SubmissionJson(Answers()).size());
  Measure(state, NumTasks(), bytes, CopyFloor(bytes), [&] {
    benchmark::DoNotOptimize(*Score(Answers(), Tasks().solutions));
  });
}
BENCHMARK(BM_Submission_Score)->UseRealTime();

// Without writing the file.
void BM_Report_Html(benchmark::State& state) {
  ReportData data;
  data.title = "bench";
  data.status = "done";
  data.score = *Score(Answers(), Tasks().solutions);
  for (int i = 0; i < 1000; ++i) {
    CurvePoint point;
    point.step = i;
    point.time_s = i;
    point.loss = 1.0 / (1 + i);
    data.curve.push_back(point);
  }
  for (const Task& task : Tasks().challenges.tasks) {
    ReportTask shown = {task, "", {}};
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      ReportTestInput test;
      for (Candidate& c : Votes().Rank(task.id, static_cast<int>(i))) {
        test.candidates.push_back(
            {std::move(c.grid), c.votes, c.mean_confidence});
      }
      test.attempts = Answers().at(task.id)[i];
      test.solution = Tasks().solutions.at(task.id)[i];
      shown.tests.push_back(std::move(test));
    }
    data.tasks.push_back(std::move(shown));
  }
  const auto bytes = static_cast<int64_t>(ReportHtml(data).size());
  Measure(state, NumTasks(), bytes, CopyFloor(bytes),
          [&] { benchmark::DoNotOptimize(ReportHtml(data)); });
}
BENCHMARK(BM_Report_Html)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace arctrm

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  arctrm::SayStreamRates();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
