// SPDX-License-Identifier: MIT
#include "solver/distributed/collective.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/solver/ranks.h"
#include "tests/testing/scratch.h"

namespace arctrm::internal {
namespace {

using testing::HasSubstr;

std::unique_ptr<Collective> Join(const ProcessGroup& group) {
  auto joined = JoinProcessGroup(group, at::kCPU);
  EXPECT_TRUE(joined.ok()) << joined.status();
  return joined.ok() ? *std::move(joined) : nullptr;
}

TEST(Collective, AGroupOfOneNeedsNobody) {
  const auto alone = Join(ProcessGroup());
  EXPECT_EQ(alone->rank(), 0);
  EXPECT_EQ(alone->size(), 1);
  Tensor t = at::arange(3, at::kFloat);
  alone->AllReduceSum(t);
  alone->Broadcast(t);
  alone->Barrier();
  EXPECT_TRUE(at::equal(t, at::arange(3, at::kFloat)));
  EXPECT_EQ(alone->AllGather(t).sizes(), (std::vector<int64_t>{1, 3}));
}

TEST(Collective, WithoutGlooCpusCantTrainTogether) {
  if (HasGloo()) GTEST_SKIP() << "built with Gloo";
  ProcessGroup two;
  two.size = 2;
  two.port = 1;
  const auto joined = JoinProcessGroup(two, at::kCPU);
  EXPECT_EQ(joined.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(joined.status().message()), HasSubstr("libgloo-dev"));
}

const bool kOperations =
    AddRankJob("operations", [](const ProcessGroup& group, const std::string&) {
      const auto all = Join(group);
      ASSERT_NE(all, nullptr);
      const int rank = group.rank;
      for (const auto type : {at::kFloat, at::kDouble, at::kLong}) {
        // 1000 elements, which the engine divides into parts.
        Tensor t = at::arange(1000, type) + rank;
        all->AllReduceSum(t);
        EXPECT_TRUE(at::equal(t, 3 * at::arange(1000, type) + 3));
      }
      for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf, at::kLong,
                              at::kByte, at::kBool}) {
        const Tensor own = at::full({2, 3}, rank % 2, type);
        const Tensor gathered = all->AllGather(own);
        ASSERT_EQ(gathered.sizes(), (std::vector<int64_t>{3, 2, 3}));
        for (int r = 0; r < 3; ++r) {
          EXPECT_TRUE(at::equal(gathered[r], at::full({2, 3}, r % 2, type)));
        }
        Tensor t = at::full({5}, rank == 0 ? 1 : 0, type);
        all->Broadcast(t);
        EXPECT_TRUE(at::equal(t, at::ones({5}, type)));
      }
      // Sums of numbers that round: the same bits on all ranks.
      Tensor rough = at::arange(1, 4001, at::kFloat).reciprocal() * (rank + 1);
      all->AllReduceSum(rough);
      const Tensor everyones = all->AllGather(rough);
      EXPECT_TRUE(at::equal(everyones[1], everyones[0]));
      EXPECT_TRUE(at::equal(everyones[2], everyones[0]));
      all->Barrier();
    });

TEST(Collective, ThreeProcessesAddGatherAndTell) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  Ranks ranks("operations", 3, scratch());
  for (int rank = 0; rank < 3; ++rank) EXPECT_TRUE(ranks.Succeeded(rank));
}

TEST(Collective, NamesWhoDidNotCome) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  ProcessGroup group;
  group.size = 3;
  // Below the range of automatically assigned ports.
  group.port = 20000 + getpid() % 10000;
  group.meet_timeout = absl::Milliseconds(300);
  auto joined = JoinProcessGroup(group, at::kCPU);
  EXPECT_EQ(joined.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(joined.status().message()),
              HasSubstr("rank 1, rank 2 did not connect"));
  group.rank = 1;
  joined = JoinProcessGroup(group, at::kCPU);
  EXPECT_EQ(joined.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(joined.status().message()),
              HasSubstr("rank 0 did not answer"));
}

// Rank 1 dies or hangs; rank 0 must notice.
void ExpectLost(const ProcessGroup& group, bool dies) {
  const auto all = Join(group);
  ASSERT_NE(all, nullptr);
  Tensor t = at::ones({4});
  all->AllReduceSum(t);
  if (group.rank == 1) {
    if (dies) _exit(0);
    std::this_thread::sleep_for(std::chrono::seconds(60));
  }
  EXPECT_THROW(all->AllReduceSum(t), RankLost);
}
const bool kDies =
    AddRankJob("dies", [](const ProcessGroup& group, const std::string&) {
      ExpectLost(group, true);
    });
const bool kHangs =
    AddRankJob("hangs", [](const ProcessGroup& group, const std::string&) {
      ExpectLost(group, false);
    });

TEST(Collective, ADeadRankIsNoticed) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  // Well within the operation timeout of ten minutes.
  Ranks ranks("dies", 2, scratch());
  EXPECT_TRUE(ranks.Succeeded(0));
}

TEST(Collective, ARankThatHangsIsNoticedInTime) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  const ScratchFolder scratch;
  Ranks ranks("hangs", 2, scratch(), {{"ARCTRM_OPERATION_TIMEOUT", "0.5"}});
  EXPECT_TRUE(ranks.Succeeded(0));
}

}  // namespace
}  // namespace arctrm::internal
