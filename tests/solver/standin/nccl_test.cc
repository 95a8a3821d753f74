// SPDX-License-Identifier: MIT
// Process groups over NCCL, with the stand-in's NCCL and device.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/distributed/collective.h"
#include "solver/train/make_training.h"
#include "tests/solver/on_test_device.h"
#include "tests/solver/ranks.h"
#include "tests/solver/small_training.h"
#include "tests/solver/standin/recorder.h"
#include "tests/testing/scratch.h"

namespace arctrm::internal {
namespace {

using standin::Opened;
using testing::HasSubstr;

// Starts ranks that use the stand-in's NCCL.
std::unique_ptr<Ranks> Start(
    const std::string& job, int size, const std::string& folder,
    std::map<std::string, std::string> variables = {}) {
  variables["ARCTRM_TEST_NCCL"] = std::getenv("ARCTRM_STANDIN");
  return std::make_unique<Ranks>(job, size, folder, std::move(variables));
}

std::unique_ptr<Collective> Join(const ProcessGroup& group) {
  auto joined = JoinProcessGroup(group, TestDevice());
  EXPECT_TRUE(joined.ok()) << joined.status();
  return joined.ok() ? *std::move(joined) : nullptr;
}

const bool kOperations = AddRankJob("nccl operations", [](const ProcessGroup&
                                                              group,
                                                          const std::string&) {
  const auto all = Join(group);
  ASSERT_NE(all, nullptr);
  const int rank = group.rank;
  for (const at::Device device : {at::Device(at::kCPU), TestDevice()}) {
    for (const auto type : {at::kFloat, at::kDouble, at::kLong}) {
      Tensor t = (at::arange(1000, type) + rank).to(device);
      all->AllReduceSum(t);
      EXPECT_TRUE(at::equal(t.cpu(), 3 * at::arange(1000, type) + 3));
    }
    for (const auto type : {at::kFloat, at::kBFloat16, at::kLong, at::kBool}) {
      const Tensor own = at::full({2, 3}, rank % 2, type).to(device);
      const Tensor gathered = all->AllGather(own);
      EXPECT_EQ(gathered.device(), device);
      for (int r = 0; r < 3; ++r) {
        EXPECT_TRUE(
            at::equal(gathered[r].cpu(), at::full({2, 3}, r % 2, type)));
      }
      // Often enough to delete old messages from the store.
      for (int turn = 0; turn < 40; ++turn) {
        Tensor t = at::full({5}, rank == 0 ? 1 : 0, type).to(device);
        all->Broadcast(t);
        EXPECT_TRUE(at::equal(t.cpu(), at::ones({5}, type)));
      }
    }
  }
  all->Barrier();
});

TEST(Nccl, ThreeRanksAddGatherAndBroadcast) {
  const ScratchFolder scratch;
  const auto ranks = Start("nccl operations", 3, scratch());
  for (int rank = 0; rank < 3; ++rank) EXPECT_TRUE(ranks->Succeeded(rank));
}

// The host goes on while the device has the operations of a step.
const bool kQueues = AddRankJob(
    "nccl queues", [](const ProcessGroup& group, const std::string&) {
      const auto all = Join(group);
      ASSERT_NE(all, nullptr);
      Tensor t = at::ones({4}, at::device(TestDevice()));
      Tensor command = at::ones({2}, at::kDouble);
      Opened().ResetCounts();
      all->AllReduceSum(t);
      const Tensor gathered = all->AllGather(t);
      all->Broadcast(command);
      EXPECT_EQ(Opened().counts().waits, 0);
      EXPECT_EQ(Opened().counts().copies_to_host, 0);
      HostCopy copy;
      copy.Start(gathered);
      EXPECT_TRUE(at::equal(all->WaitFor(copy), at::full({2, 4}, 2.0F)));
    });

TEST(Nccl, OperationsOnTheDeviceAreQueued) {
  const ScratchFolder scratch;
  const auto ranks = Start("nccl queues", 2, scratch());
  for (int rank = 0; rank < 2; ++rank) EXPECT_TRUE(ranks->Succeeded(rank));
}

TrainRequest Request(const Dataset& dataset, const ProcessGroup& group) {
  TrainRequest request = SmallRequest(dataset, 1);
  request.group = group;
  request.spec.train.ema = 0.9;
  return request;
}

constexpr int kSteps = 4;

// Writes the state after some steps, and how often the host waited in the last.
void Record(Training& training, const std::string& path) {
  TensorMap map;
  StepSums sums;
  for (int step = 0; step < kSteps; ++step) {
    Opened().ResetCounts();
    TrainStep(training, 0, sums);
  }
  map.tensors = {{"waits", at::full({}, Opened().counts().waits)},
                 {"parameters", training.state.model->flat().detach().cpu()},
                 {"table", training.state.embeddings.rows.cpu()},
                 {"sums", training.executor.collective().WaitFor(sums.sent)}};
  ASSERT_TRUE(WriteFileAtomically(path, ToSafetensors(map)).ok());
}

const bool kSteps2 = AddRankJob(
    "nccl steps", [](const ProcessGroup& group, const std::string& folder) {
      const Dataset dataset = SmallDataset(3);
      const auto training = MakeTraining(Request(dataset, group));
      ASSERT_TRUE(training.ok()) << training.status();
      Record(**training, JoinPath(folder, absl::StrCat("rank", group.rank)));
    });

TEST(Nccl, TwoRanksTrainAsOneAndWaitAsRarely) {
  const ScratchFolder scratch;
  const auto ranks = Start("nccl steps", 2, scratch());
  const Dataset dataset = SmallDataset(3);
  const auto training = MakeTraining(Request(dataset, {}));
  ASSERT_TRUE(training.ok()) << training.status();
  Record(**training, scratch("alone"));
  ASSERT_TRUE(ranks->Succeeded(0));
  ASSERT_TRUE(ranks->Succeeded(1));
  EXPECT_EQ(*ReadFile(scratch("rank0")), *ReadFile(scratch("rank1")));
  const auto alone = SafetensorsFile::Read(scratch("alone"));
  const auto two = SafetensorsFile::Read(scratch("rank0"));
  ASSERT_TRUE(alone.ok() && two.ok());
  EXPECT_TRUE(at::equal(*GetTensor(*two, "waits", {}),
                        *GetTensor(*alone, "waits", {})));
  for (const char* name : {"parameters", "table", "sums"}) {
    const Tensor expected = *GetTensor(*alone, name, {});
    const Tensor actual = *GetTensor(*two, name, {});
    EXPECT_LT(
        ((actual - expected).abs().max() / expected.abs().max()).item<double>(),
        1e-4)
        << name;
  }
}

// Rank 1 dies before its third step. Rank 0 must notice it although the
// operations of its own step never end.
const bool kDies =
    AddRankJob("nccl dies", [](const ProcessGroup& group, const std::string&) {
      const Dataset dataset = SmallDataset(3);
      const auto training = MakeTraining(Request(dataset, group));
      ASSERT_TRUE(training.ok()) << training.status();
      StepSums sums;
      for (int step = 0; step < 2; ++step) TrainStep(**training, 0, sums);
      if (group.rank == 1) _exit(0);
      const absl::Time start = absl::Now();
      const absl::Status status = CatchTorch([&] {
        TrainStep(**training, 0, sums);
        (*training)->executor.collective().WaitFor(sums.sent);
        return absl::OkStatus();
      });
      EXPECT_TRUE(absl::IsUnavailable(status)) << status;
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr("another rank is gone, or was more than 1s late"));
      EXPECT_LT(absl::Now() - start, absl::Seconds(30));
    });

TEST(Nccl, AStepThatNeverEndsIsAborted) {
  const ScratchFolder scratch;
  const auto ranks =
      Start("nccl dies", 2, scratch(), {{"ARCTRM_OPERATION_TIMEOUT", "1"}});
  EXPECT_TRUE(ranks->Succeeded(0));
}

}  // namespace
}  // namespace arctrm::internal
