// SPDX-License-Identifier: MIT
// torchrun keeps the store of a group in a process of its own, for all
// attempts.
#include <string>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/distributed/collective.h"
#include "tests/solver/ranks.h"
#include "tests/testing/scratch.h"

namespace arctrm::internal {
namespace {

const bool kMeetJob =
    AddRankJob("meet", [](const ProcessGroup& group, const std::string&) {
      ASSERT_TRUE(group.launcher_listens);
      const auto joined = JoinProcessGroup(group, at::kCPU);
      ASSERT_TRUE(joined.ok()) << joined.status();
      Tensor t = at::full({1}, group.rank + 1);
      (*joined)->AllReduceSum(t);
      EXPECT_EQ(t.item<int64_t>(), 3);
    });

TEST(AgentStore, RanksMeetAtTheLauncherAgainAndAgain) {
  if (!HasGloo()) GTEST_SKIP() << "built without Gloo";
  c10d::TCPStoreOptions options;
  options.isServer = true;
  options.waitWorkers = false;
  options.port = 0;
  const c10d::TCPStore store("127.0.0.1", options);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const ScratchFolder scratch;
    Ranks ranks("meet", 2, scratch(),
                {{"MASTER_PORT", absl::StrCat(store.getPort())},
                 {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                 {"TORCHELASTIC_RESTART_COUNT", absl::StrCat(attempt)}});
    EXPECT_TRUE(ranks.Succeeded(0)) << attempt;
    EXPECT_TRUE(ranks.Succeeded(1)) << attempt;
  }
}

}  // namespace
}  // namespace arctrm::internal
