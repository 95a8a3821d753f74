// SPDX-License-Identifier: MIT
// How WorkerEngine handles messages of its ranks. A script replaces the solver
// and decides the order of events.
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/out_of_memory.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/worker_engine.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Describes a CPU; `say` sends a frame, `result STEPS BEST_STEP` a result.
constexpr char kSolver[] = R"bash(#!/bin/bash
say() {
  printf "\\x$(printf %02x $((${#1} & 255)))\\x$(printf %02x $((${#1} >> 8)))"
  printf '\0\0%s' "$1"
}
result() {
  say "{\"result\":{\"stop\":0,\"steps\":$1,\"time_s\":1,\"steps_per_s\":1,
\"final_save_s\":0,\"out\":\"\",\"best\":{\"exact\":0,\"accuracy\":0},
\"best_step\":$2}}"
}
size=$(head -c 4 | od -An -tu4)
request=$(head -c $((size)))
if [[ $request == *'"kind":"describe"'* ]]; then
  say '{"device":{"kind":1,"precision":"float32","threads":1,"index":0,
"name":"","memory_bytes":0,"kernels":""},"cuda_devices":0,"machine":[]}'
  exit
fi
)bash";

class EngineRanksTest : public testing::Test {
 protected:
  void SetUp() override { RequestStop(0); }

  // Workers run the lines of bash in `train` when they are to train. $RANK is
  // their rank, "" for a single worker.
  std::unique_ptr<Engine> EngineOf(const std::string& train) {
    return EngineWith(kSolver + train);
  }

  // The engine of a solver that is this script.
  std::unique_ptr<Engine> EngineWith(const std::string& script) {
    const std::string path = scratch_("solver");
    EXPECT_TRUE(WriteFileAtomically(path, script).ok());
    EXPECT_EQ(chmod(path.c_str(), 0755), 0);
    WorkerOptions options;
    options.solver = path;
    options.scratch = scratch_();
    return MakeWorkerEngine(options, NullLog());
  }

  EngineTraining Training() const {
    EngineTraining training;
    training.request.spec.device = {"cpu,cpu", 2};
    training.request.spec.out = scratch_("checkpoint");
    return training;
  }

  ScratchFolder scratch_;
};

TEST_F(EngineRanksTest, WarnsIfTheGpuIsNotUsed) {
  std::string solver = kSolver;
  solver.replace(solver.find("\"cuda_devices\":0"), 0,
                 "\"unused_gpu\":\"libcudnn is missing\",");
  for (const char* device : {"auto", "cpu"}) {
    const auto engine = EngineWith(solver);
    ASSERT_TRUE(engine->Describe({device, 1}, {}).ok());
    const std::vector<std::string> warnings = engine->TakeWarnings();
    EXPECT_EQ(warnings.size(), device == std::string("auto") ? 1u : 0u);
    for (const std::string& warning : warnings) {
      EXPECT_THAT(warning, HasSubstr("NVIDIA driver: libcudnn is missing"));
    }
  }
}

TEST_F(EngineRanksTest, TheResultIsThatOfRankZero) {
  const auto engine = EngineOf(R"bash(
if [[ $RANK == 0 ]]; then
  sleep 0.4
  result 7 5
else
  result 7 0
fi
)bash");
  const auto result = engine->Train(Training());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->best_step, 5);
  EXPECT_TRUE(engine->TakeWarnings().empty());
}

// The own launcher: each rank gets the index of its device among all devices.
TEST_F(EngineRanksTest, EachRankGetsItsDevice) {
  std::string solver = kSolver;
  for (const auto& [word, other] :
       {std::pair<std::string, std::string>("\"kind\":1", "\"kind\":2"),
        {"\"cuda_devices\":0", "\"cuda_devices\":3"}}) {
    solver.replace(solver.find(word), word.size(), other);
  }
  solver += R"bash(
[[ $request =~ cuda:[0-9] ]]
echo "${BASH_REMATCH[0]} $LOCAL_RANK of $LOCAL_WORLD_SIZE, $RANK of $WORLD_SIZE" \
  >"${0%/*}/rank$RANK"
if [[ $RANK == 0 ]]; then sleep 0.3; fi
result 7 0
)bash";
  const auto engine = EngineWith(solver);
  EngineTraining training = Training();
  training.request.spec.device = {"cuda:0,cuda:2", 2};
  ASSERT_TRUE(engine->Train(training).ok());
  EXPECT_EQ(*ReadFile(scratch_("rank0")), "cuda:0 0 of 2, 0 of 2\n");
  EXPECT_EQ(*ReadFile(scratch_("rank1")), "cuda:2 1 of 2, 1 of 2\n");
}

TEST_F(EngineRanksTest, ADeadRankIsBlamedNotTheRankThatMissesIt) {
  const auto engine = EngineOf(R"bash(
case $RANK in
  0) say '{"error":"another rank is gone","code":14}' ;;
  1) sleep 0.3; kill -9 $$ ;;
  *) result 3 0 ;;
esac
)bash");
  const auto result = engine->Train(Training());
  // Fails twice, then continues with one rank.
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->steps, 3);
  const std::vector<std::string> warnings = engine->TakeWarnings();
  EXPECT_THAT(warnings, Contains(HasSubstr("killed by SIGKILL")));
  EXPECT_THAT(warnings, Not(Contains(HasSubstr("another rank is gone"))));
  EXPECT_THAT(warnings, Contains(HasSubstr("going on without cpu")));
}

TEST_F(EngineRanksTest, WithoutADeadRankTheReportedErrorStands) {
  const auto engine = EngineOf(R"bash(
case $RANK in
  0) say '{"error":"the others are late","code":14}'; sleep 5 ;;
  1) sleep 5 ;;
  *) result 3 0 ;;
esac
)bash");
  ASSERT_TRUE(engine->Train(Training()).ok());
  EXPECT_THAT(engine->TakeWarnings(),
              Contains(HasSubstr("the others are late")));
}

TEST_F(EngineRanksTest, ErrorsThatTheUserMustMendAreNotRetried) {
  const auto engine = EngineOf(R"bash(
say '{"error":"settings differ","code":9}'
sleep 5
)bash");
  const auto result = engine->Train(Training());
  EXPECT_EQ(result.status(), absl::FailedPreconditionError("settings differ"));
  EXPECT_TRUE(engine->TakeWarnings().empty());
}

TEST_F(EngineRanksTest, OutOfMemoryOfOneRankIsReturned) {
  const auto engine = EngineOf(R"bash(
case $RANK in
  0) say '{"error":"another rank is gone","code":14}'; sleep 5 ;;
  1) sleep 0.3; say '{"error":"no memory","code":8,"out_of_memory":true}' ;;
esac
)bash");
  const auto result = engine->Train(Training());
  EXPECT_EQ(result.status(), OutOfMemoryError("no memory"));
  EXPECT_TRUE(engine->TakeWarnings().empty());
  EXPECT_EQ(engine->Ranks(), 2);
}

TEST_F(EngineRanksTest, ATrainingThatHangsEndsSoonAfterItsDeadline) {
  const auto engine = EngineOf("sleep 60\n");
  EngineTraining training = Training();
  const absl::Time start = RealClock().Now();
  training.request.spec.limits.end = Deadline(RealClock(), absl::Seconds(0.5));
  const auto result = engine->Train(training);
  EXPECT_LT(RealClock().Now() - start, absl::Seconds(10));
  ASSERT_TRUE(absl::IsUnavailable(result.status())) << result.status();
  EXPECT_THAT(result.status().message(), HasSubstr("did not end within"));
  EXPECT_THAT(result.status().message(),
              HasSubstr("no checkpoint had been saved"));
}

}  // namespace
}  // namespace arctrm
