// SPDX-License-Identifier: MIT
// Two processes with Gloo train like one process with the same batch.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/train/make_training.h"
#include "tests/solver/ranks.h"
#include "tests/solver/small_training.h"
#include "tests/testing/scratch.h"

namespace arctrm::internal {
namespace {

using testing::HasSubstr;

constexpr int kSteps = 4;

TrainRequest Request(const Dataset& dataset, const ProcessGroup& group) {
  TrainRequest request = SmallRequest(dataset, 1);  // 13 batch rows: 6 and 7
  request.group = group;
  request.spec.train.ema = 0.9;
  request.spec.train.latent_noise = 0.1;
  request.spec.train.start_noise = 0.1;
  return request;
}

// Writes the state of a training after each of some steps to one file.
void Record(Training& training, const std::string& path) {
  TensorMap map;
  for (int step = 0; step < kSteps; ++step) {
    StepSums sums;
    TrainStep(training, 0, sums);
    const auto keep = [&](const char* name, const Tensor& tensor) {
      map.tensors.emplace_back(absl::StrCat(name, step),
                               tensor.detach().clone());
    };
    keep("gradient", training.state.model->flat_grad());
    keep("parameters", training.state.model->flat());
    keep("average", training.state.average);
    keep("table", training.state.embeddings.rows);
    keep("sums", sums.packed);
  }
  ASSERT_TRUE(WriteFileAtomically(path, ToSafetensors(map)).ok());
}

std::string PathOf(const std::string& folder, int rank) {
  return JoinPath(folder, absl::StrCat("rank", rank));
}

const bool kStepsJob = AddRankJob(
    "steps", [](const ProcessGroup& group, const std::string& folder) {
      const Dataset dataset = SmallDataset(3);
      const auto training = MakeTraining(Request(dataset, group));
      ASSERT_TRUE(training.ok()) << training.status();
      Record(**training, PathOf(folder, group.rank));
    });

TEST(Distributed, TwoProcessesDoWhatOneDoes) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  Ranks ranks("steps", 2, scratch());
  const Dataset dataset = SmallDataset(3);
  const auto training = MakeTraining(Request(dataset, {}));
  ASSERT_TRUE(training.ok()) << training.status();
  Record(**training, scratch("alone"));
  ASSERT_TRUE(ranks.Succeeded(0));
  ASSERT_TRUE(ranks.Succeeded(1));
  // Both ranks have the same bits: parameters, averages, embedding rows,
  // gradients and metrics.
  EXPECT_EQ(*ReadFile(scratch("rank0")), *ReadFile(scratch("rank1")));

  const auto alone = SafetensorsFile::Read(scratch("alone"));
  const auto two = SafetensorsFile::Read(scratch("rank0"));
  ASSERT_TRUE(alone.ok() && two.ok());
  const auto error = [&](const char* name, int step) {
    const std::string key = absl::StrCat(name, step);
    const Tensor expected = *GetTensor(*alone, key, {});
    const double most = expected.abs().max().item<double>();
    EXPECT_GT(most, 0) << key;
    const Tensor actual = *GetTensor(*two, key, {});
    return (actual - expected).abs().max().item<double>() / most;
  };
  // A gradient is a float32 sum over 13 x 18 positions, divided differently: an
  // error of 2^-24 per addition, which partly cancels. Later steps start from
  // earlier errors.
  const double first = error("gradient", 0);
  double worst = 0;
  for (int step = 0; step < kSteps; ++step) {
    worst = std::max(worst, error("gradient", step));
    EXPECT_LT(error("parameters", step), 1e-4) << step;
    EXPECT_LT(error("average", step), 1e-4) << step;
    EXPECT_LT(error("sums", step), 1e-4) << step;
    // Embedding rows move by the sign of their gradient, so they are equal
    // except for rounding.
    EXPECT_LT(error("table", step), 1e-6) << step;
  }
  std::fprintf(
      stderr,
      "[ MEASURED ] two processes against one, largest gradient error: "
      "first step %.2g, %d steps %.2g of the largest gradient\n",
      first, kSteps, worst);
  EXPECT_LT(first, 1e-6);
  EXPECT_LT(worst, 1e-4);
}

// In Train(), rank 0 saves, stops and calls the hooks.
void TrainSomeSteps(const ProcessGroup& group, const std::string& folder) {
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = Request(dataset, group);
  request.spec.out = JoinPath(folder, "checkpoint");
  request.spec.resume = FileExists(request.spec.out);
  request.spec.train.checkpoint_interval_s = 1e-9;  // after every step
  int calls = 0;
  request.hooks.on_step = [&](const TrainStats& stats) {
    ++calls;
    EXPECT_GT(stats.loss, 0);
    return stats.step % kSteps != 0;
  };
  const auto result = Train(request);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->steps, kSteps);
  EXPECT_EQ(result->stop, TrainStop::kCallback);
  EXPECT_EQ(calls, group.rank == 0 ? kSteps : 0);
}
const bool kTrainJob = AddRankJob("train", TrainSomeSteps);

TEST(Distributed, GoesOnWithAnotherNumberOfProcesses) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  {
    Ranks ranks("train", 2, scratch());
    ASSERT_TRUE(ranks.Succeeded(0));
    ASSERT_TRUE(ranks.Succeeded(1));
  }
  TrainSomeSteps({}, scratch());
  {
    Ranks ranks("train", 3, scratch());
    for (int rank = 0; rank < 3; ++rank) ASSERT_TRUE(ranks.Succeeded(rank));
  }
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = Request(dataset, {});
  request.spec.train.checkpoint_interval_s = 1e-9;
  request.spec.out = scratch("checkpoint");
  request.spec.resume = true;
  const auto several = MakeTraining(request);
  ASSERT_TRUE(several.ok()) << several.status();
  EXPECT_EQ((*several)->state.counters.step, 3 * kSteps);

  // One process without interruption.
  request.spec.resume = false;
  request.spec.out = scratch("alone");
  request.spec.max_steps = 3 * kSteps;
  ASSERT_TRUE(Train(request).ok());
  request.spec.resume = true;
  const auto one = MakeTraining(request);
  ASSERT_TRUE(one.ok()) << one.status();
  const auto error = [](const Tensor& a, const Tensor& b) {
    return ((a - b).abs().max() / b.abs().max()).item<double>();
  };
  EXPECT_LT(error((*several)->state.model->flat(), (*one)->state.model->flat()),
            1e-3);
  EXPECT_LT(
      error((*several)->state.embeddings.rows, (*one)->state.embeddings.rows),
      1e-6);
  // Resume it.
  StepSums a;
  StepSums b;
  TrainStep(**several, 0, a);
  TrainStep(**one, 0, b);
  EXPECT_NEAR(UnpackMetrics(a.packed).lm_loss, UnpackMetrics(b.packed).lm_loss,
              1e-3 * UnpackMetrics(b.packed).lm_loss);
}

// Rank 1 is killed in its third step.
const bool kKilledJob =
    AddRankJob("killed", [](const ProcessGroup& group, const std::string&) {
      const Dataset dataset = SmallDataset(3);
      TrainRequest request = Request(dataset, group);
      if (group.rank == 1) {
        const auto training = MakeTraining(request);
        ASSERT_TRUE(training.ok()) << training.status();
        for (int step = 0; step < 2; ++step) {
          Tensor order = at::zeros({2}, at::kDouble);
          (*training)->executor.collective().Broadcast(order);
          StepSums sums;
          TrainStep(**training, order[1].item<double>(), sums);
        }
        raise(SIGKILL);
      }
      int steps = 0;
      request.hooks.on_step = [&](const TrainStats&) { return ++steps < 100; };
      const auto result = Train(request);
      EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
      EXPECT_THAT(std::string(result.status().message()),
                  HasSubstr("rank 0 of 2: another rank is gone"));
      EXPECT_EQ(steps, 2);
    });

TEST(Distributed, AKilledRankEndsTheTrainingOfTheOthers) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  Ranks ranks("killed", 2, scratch());
  EXPECT_TRUE(ranks.Succeeded(0));
  EXPECT_FALSE(ranks.Succeeded(1));
}

// An error of rank 0 reaches the other ranks immediately.
const bool kFailsJob = AddRankJob("fails", [](const ProcessGroup& group,
                                              const std::string&) {
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = Request(dataset, group);
  request.spec.max_steps = 100;
  request.hooks.on_start = [](int64_t) { return absl::DataLossError("tea"); };
  const auto result = Train(request);
  EXPECT_EQ(result.status().code(), group.rank == 0
                                        ? absl::StatusCode::kDataLoss
                                        : absl::StatusCode::kAborted)
      << result.status();
});

TEST(Distributed, AnErrorOfRankZeroEndsAll) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  Ranks ranks("fails", 2, scratch());
  EXPECT_TRUE(ranks.Succeeded(0));
  EXPECT_TRUE(ranks.Succeeded(1));
}

const bool kOtherJob = AddRankJob("other", [](const ProcessGroup& group,
                                              const std::string&) {
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = Request(dataset, group);
  if (group.rank == 1) request.spec.train.learning_rate *= 2;
  const auto training = MakeTraining(request);
  EXPECT_EQ(training.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(
      std::string(training.status().message()),
      HasSubstr("rank 1 of 2 and rank 0 have different training settings"));
});

TEST(Distributed, RefusesRanksThatWouldDoSomethingElse) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  Ranks ranks("other", 2, scratch());
  EXPECT_TRUE(ranks.Succeeded(0));
  EXPECT_TRUE(ranks.Succeeded(1));
}

// Rank 1 sees another checkpoint, as on a machine with its own disk.
const bool kOtherStartJob = AddRankJob(
    "other start", [](const ProcessGroup& group, const std::string& folder) {
      const Dataset dataset = SmallDataset(3);
      TrainRequest request = Request(dataset, group);
      request.spec.resume = true;
      request.spec.out = PathOf(folder, group.rank);
      const auto training = MakeTraining(request);
      EXPECT_EQ(training.status().code(),
                absl::StatusCode::kFailedPrecondition);
      EXPECT_THAT(
          std::string(training.status().message()),
          HasSubstr("rank 1 of 2 and rank 0 have different start weights"));
    });

TEST(Distributed, RefusesRanksThatResumeFromSomethingElse) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  const Dataset dataset = SmallDataset(3);
  for (int rank = 0; rank < 2; ++rank) {
    TrainRequest request = Request(dataset, {});
    request.spec.out = PathOf(scratch(), rank);
    request.spec.max_steps = 1 + rank;
    ASSERT_TRUE(Train(request).ok());
  }
  Ranks ranks("other start", 2, scratch());
  EXPECT_TRUE(ranks.Succeeded(0));
  EXPECT_TRUE(ranks.Succeeded(1));
}

// A signal to any rank ends the training in order: rank 0 saves.
const bool kSignalledJob = AddRankJob(
    "signalled", [](const ProcessGroup& group, const std::string& folder) {
      const Dataset dataset = SmallDataset(3);
      TrainRequest request = Request(dataset, group);
      request.spec.max_steps = 1000000;
      request.spec.out = JoinPath(folder, "checkpoint");
      if (group.rank == 1) RequestStop(SIGTERM);
      const auto result = Train(request);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->stop, TrainStop::kSignal);
    });

TEST(Distributed, ASignalToOneRankStopsAllInOrder) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  Ranks ranks("signalled", 2, scratch());
  EXPECT_TRUE(ranks.Succeeded(0));
  EXPECT_TRUE(ranks.Succeeded(1));
  EXPECT_TRUE(ReadCheckpointInfo(scratch("checkpoint")).ok());
}

// float16: all ranks skip a step that overflows on one rank.
const bool kOverflowJob = AddRankJob(
    "overflow", [](const ProcessGroup& group, const std::string& folder) {
      const Dataset dataset = SmallDataset(3);
      TrainRequest request = Request(dataset, group);
      request.spec.train.precision = "float16";
      const auto training = MakeTraining(request);
      ASSERT_TRUE(training.ok()) << training.status();
      const Tensor before = (*training)->state.model->flat().detach().clone();
      if (group.rank == 1) (*training)->state.loss_scale.scale = 1e30;
      StepSums sums;
      TrainStep(**training, 0, sums);
      EXPECT_EQ((*training)->state.loss_scale.skipped_steps, 1);
      EXPECT_FALSE(sums.packed.defined());
      EXPECT_TRUE(at::equal((*training)->state.model->flat(), before));
      (*training)->state.loss_scale.scale = 1024;
      TrainStep(**training, 0, sums);
      EXPECT_EQ((*training)->state.loss_scale.skipped_steps, 1);
      EXPECT_FALSE(at::equal((*training)->state.model->flat(), before));
      ASSERT_TRUE(
          WriteFileAtomically(
              PathOf(folder, group.rank),
              ToSafetensors({{{"flat", (*training)->state.model->flat()},
                              {"table", (*training)->state.embeddings.rows}},
                             {}}))
              .ok());
    });

TEST(Distributed, AnOverflowAnywhereSkipsEverywhere) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  Ranks ranks("overflow", 2, scratch());
  ASSERT_TRUE(ranks.Succeeded(0));
  ASSERT_TRUE(ranks.Succeeded(1));
  EXPECT_EQ(*ReadFile(scratch("rank0")), *ReadFile(scratch("rank1")));
}

// Rank 0 matches new embedding rows for all ranks.
const bool kMatchJob = AddRankJob(
    "match", [](const ProcessGroup& group, const std::string& folder) {
      Dataset dataset = SmallDataset(3);
      for (DatasetTask& task : dataset.tasks) task.name = "new " + task.name;
      TrainRequest request = Request(dataset, group);
      request.spec.checkpoint = JoinPath(folder, "known");
      request.spec.train.embedding_init = "best_match";
      const auto training = MakeTraining(request);
      ASSERT_TRUE(training.ok()) << training.status();
      Record(**training, PathOf(folder, group.rank));
    });

TEST(Distributed, MatchedRowsAreTheSameOnAll) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = Request(dataset, {});
  request.spec.out = scratch("known");
  request.spec.max_steps = 5;
  ASSERT_TRUE(Train(request).ok());
  Ranks ranks("match", 2, scratch());
  ASSERT_TRUE(ranks.Succeeded(0));
  ASSERT_TRUE(ranks.Succeeded(1));
  EXPECT_EQ(*ReadFile(scratch("rank0")), *ReadFile(scratch("rank1")));
}

// Two ranks in one process: the other one always has the same tensors. Records
// the calls.
class RecordingCollective : public Collective {
 public:
  explicit RecordingCollective(std::vector<std::string>& calls)
      : calls_(calls) {}
  int rank() const override { return 0; }
  int size() const override { return 2; }
  void AllReduceSum(Tensor& tensor) override {
    calls_.push_back("reduce");
    tensor.add_(tensor.clone());
  }
  Tensor AllGather(const Tensor& tensor) override {
    calls_.push_back("gather");
    return at::stack({tensor, tensor});
  }
  void Broadcast(Tensor&) override { calls_.push_back("broadcast"); }
  void Barrier() override { calls_.push_back("barrier"); }
  const Tensor& WaitFor(HostCopy& copy) override {
    calls_.push_back("wait for a copy");
    return copy.Wait();
  }
  void Finish() override { calls_.push_back("wait for the device"); }

 private:
  std::vector<std::string>& calls_;
};

// A step waits only for the halted flags of the step before; float16 also for
// the overflow of its gradients.
TEST(Distributed, AStepQueuesItsOperationsWithoutWaiting) {
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = Request(dataset, {});
  request.spec.train.batch = 12;
  request.spec.train.fit_canvas = "off";
  request.spec.train.canvas_step = 1;
  for (const at::ScalarType type : {at::kFloat, at::kHalf}) {
    std::vector<std::string> calls;
    Training training(request, at::kCPU, type,
                      std::make_unique<RecordingCollective>(calls), {});
    StepSums sums;
    for (int step = 0; step < 2; ++step) {
      calls.clear();
      TrainStep(training, 0, sums);
      std::vector<std::string> expected = {"wait for a copy", "reduce",
                                           "gather", "reduce", "gather"};
      if (type == at::kHalf) {
        expected.insert(expected.end() - 1, "wait for the device");
      }
      EXPECT_EQ(calls, expected);
    }
    // In float16 the first steps may overflow.
    EXPECT_EQ(sums.optimizer_steps == 2 || type == at::kHalf, true);
  }
}

TEST(Distributed, EachProcessNeedsARow) {
  const Dataset dataset = SmallDataset(3);
  ProcessGroup group;
  group.size = 14;
  const auto training = MakeTraining(Request(dataset, group));
  EXPECT_EQ(training.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace arctrm::internal
