// SPDX-License-Identifier: MIT
// Runs whose model is in worker processes, and the death of workers.
#include "pipeline/worker_engine.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/files.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/local_engine.h"
#include "pipeline/run.h"
#include "pipeline/run_folder.h"
#include "solver/device_list.h"
#include "submission/validate.h"
#include "tests/pipeline/small_run.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(DeviceList, ReadsListsAndRefusesNonsense) {
  EXPECT_THAT(*DeviceList("auto", 0), ElementsAre("cpu"));
  EXPECT_THAT(*DeviceList("auto", 2), ElementsAre("cuda:0", "cuda:1"));
  EXPECT_THAT(*DeviceList("cuda:0,1", 4), ElementsAre("cuda:0", "cuda:1"));
  EXPECT_THAT(*DeviceList("cuda:3", 4), ElementsAre("cuda:3"));
  EXPECT_THAT(*DeviceList("cuda", 4), ElementsAre("cuda:0"));
  EXPECT_THAT(*DeviceList("cpu,cpu", 0), ElementsAre("cpu", "cpu"));
  for (const char* bad :
       {"",          "gpu",         "cpu,cuda:0", "cuda:0,0",
        "cuda:x",    "0",           "cuda:-1",    "cuda:",
        "cuda:,",    "cuda:0,",     ",cuda:0",    "cuda:+1",
        "cuda: 1",   "cuda:1 ",     "cuda:0x1",   "cuda:99999999999",
        "cuda:0,-1", "cuda:0,cuda", "cpu:0",      "cpu:1",
        "cpu,",      "auto,auto",   "cpu,auto",   "CPU",
        "cuda:1.0",  " cpu"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(DeviceList(bad, 2).status())) << bad;
  }
  EXPECT_THAT(*DeviceList("cuda:0,cuda:2", 0), ElementsAre("cuda:0", "cuda:2"));
  EXPECT_TRUE(CheckDevicesExist({"cuda:0", "cuda:1"}, 2).ok());
  EXPECT_TRUE(CheckDevicesExist({"cpu", "cpu"}, 0).ok());
  EXPECT_EQ(CheckDevicesExist({"cuda:0", "cuda:1"}, 1).message(),
            "--device cuda:1: 1 usable CUDA device here; `arctrm doctor` says "
            "why, --device cpu works everywhere");
}

// Processes that this process has started.
std::vector<int> Children() {
  std::vector<int> found;
  DIR* proc = opendir("/proc");
  while (const dirent* entry = readdir(proc)) {
    int pid = 0;
    if (!absl::SimpleAtoi(entry->d_name, &pid)) continue;
    std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
    std::string text((std::istreambuf_iterator<char>(file)),
                     std::istreambuf_iterator<char>());
    const size_t end = text.rfind(')');
    if (end == std::string::npos || end + 4 > text.size()) continue;
    const char state = text[end + 2];
    int parent = 0;
    const size_t space = text.find(' ', end + 4);
    if (absl::SimpleAtoi(text.substr(end + 4, space - end - 4), &parent) &&
        parent == getpid() && state != 'Z') {
      found.push_back(pid);
    }
  }
  closedir(proc);
  return found;
}

class WorkerEngineTest : public SmallRunTest {
 protected:
  void SetUp() override {
    SmallRunTest::SetUp();
    ASSERT_TRUE(MakeDirectories(Path("scratch")).ok());
    WorkerOptions workers;
    workers.solver = ARCTRM_SOLVER;
    workers.scratch = Path("scratch");
    engine_ = MakeWorkerEngine(workers, NullLog());
  }

  RunOptions Options(const std::string& out, const std::string& devices) {
    RunOptions options = SmallRunTest::Options(out);
    options.solutions.clear();
    options.train.batch = 8;
    options.train.checkpoint_interval_s = 0.2;
    options.planning.predict_batch = 2;
    options.device = {devices, 1};
    options.steps = 60;
    options.augmentations = 6;
    return options;
  }

  // The value of `name` in the section "Plan" of the record; "" if absent.
  std::string PlanRow(const std::string& out, const std::string& name) {
    const auto record = RunFolder(Path(out + ".run")).ReadRecord();
    if (!record.ok()) return "";
    for (const auto& [section, rows] : record->facts) {
      for (const auto& [key, value] : rows) {
        if (section == "Plan" && key == name) return value;
      }
    }
    return "";
  }

  void ExpectValid(const std::string& out) {
    const auto faults = ValidateSubmission(Path(out), challenges_);
    ASSERT_TRUE(faults.ok());
    EXPECT_TRUE(faults->empty());
  }

  // Kills a child once `file` exists, `times` times.
  std::thread Killer(int times, const std::string& file) {
    return std::thread([=, this] {
      for (int i = 0; i < times && !over_; ++i) {
        while (!over_ && !FileExists(file)) {
          absl::SleepFor(absl::Milliseconds(5));
        }
        std::vector<int> children;
        while (!over_ && (children = Children()).empty()) {
          absl::SleepFor(absl::Milliseconds(5));
        }
        if (!children.empty() && kill(children.back(), SIGKILL) == 0) ++killed_;
        absl::SleepFor(absl::Milliseconds(400));
      }
    });
  }

  std::unique_ptr<Engine> engine_;
  std::atomic<bool> over_{false};
  std::atomic<int> killed_{0};
};

TEST_F(WorkerEngineTest, AWorkerGivesTheSameBytesAsThisProcess) {
  ASSERT_TRUE(
      ExecuteRun(Options("here.json", "cpu"), Deadline(), NullLog()).ok());
  const auto outcome =
      ExecuteRun(Options("there.json", "cpu"), Deadline(), NullLog(), *engine_);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->complete);
  EXPECT_EQ(*ReadFile(Path("here.json")), *ReadFile(Path("there.json")));
  EXPECT_EQ(
      *ReadFile(JoinPath(RunFolder(Path("here.json.run")).checkpoint_dir(),
                         "model.safetensors")),
      *ReadFile(JoinPath(RunFolder(Path("there.json.run")).checkpoint_dir(),
                         "model.safetensors")));
  const auto metrics = RunFolder(Path("there.json.run")).ReadMetrics();
  ASSERT_TRUE(metrics.ok());
  EXPECT_EQ(metrics->size(), 60u);
  EXPECT_TRUE(Children().empty());
}

TEST_F(WorkerEngineTest, ATrainingResumesAfterItsWorkerDied) {
  RunOptions options = Options("c.out.json", "cpu");
  options.steps = 600;
  options.unattended = true;
  std::thread killer =
      Killer(1, JoinPath(RunFolder(Path("c.out.json.run")).checkpoint_dir(),
                         "checkpoint.json"));
  const auto outcome = ExecuteRun(options, Deadline(), NullLog(), *engine_);
  over_ = true;
  killer.join();
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_EQ(killed_, 1);
  EXPECT_TRUE(outcome->complete);
  ExpectValid("c.out.json");
  const auto record = RunFolder(Path("c.out.json.run")).ReadRecord();
  ASSERT_TRUE(record.ok());
  EXPECT_THAT(record->warnings,
              testing::Contains(HasSubstr("killed by SIGKILL")));
  // The metrics have each step once.
  const auto metrics = RunFolder(Path("c.out.json.run")).ReadMetrics();
  ASSERT_TRUE(metrics.ok());
  EXPECT_EQ(metrics->size(), 600u);
  EXPECT_EQ(metrics->back().step, 600);
}

TEST_F(WorkerEngineTest, TheResultOfTwoRanksIsThatOfRankZero) {
  // Workers take names of files that are not UTF-8.
  const std::string out = "g\xe9.json";
  RunOptions options = Options(out, "cpu,cpu");
  options.planning.held_out = 1;
  const auto outcome = ExecuteRun(options, Deadline(), NullLog(), *engine_);
  if (absl::IsFailedPrecondition(outcome.status())) {
    ASSERT_THAT(outcome.status().message(), HasSubstr("built without Gloo"));
    GTEST_SKIP() << "built without Gloo";
  }
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->complete);
  // Rank 1 ends first and never scores held-out pairs.
  EXPECT_THAT(PlanRow(out, "best weights"), HasSubstr("of the held-out pairs"));
}

TEST_F(WorkerEngineTest, ATrainingOfTwoRanksResumesAfterOneDied) {
  RunOptions options = Options("h.json", "cpu,cpu");
  options.steps = 400;
  options.unattended = true;
  std::thread killer =
      Killer(1, JoinPath(RunFolder(Path("h.json.run")).checkpoint_dir(),
                         "checkpoint.json"));
  const auto outcome = ExecuteRun(options, Deadline(), NullLog(), *engine_);
  over_ = true;
  killer.join();
  if (absl::IsFailedPrecondition(outcome.status())) {
    ASSERT_THAT(outcome.status().message(), HasSubstr("built without Gloo"));
    GTEST_SKIP() << "built without Gloo";
  }
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_EQ(killed_, 1);
  EXPECT_TRUE(outcome->complete);
  const auto record = RunFolder(Path("h.json.run")).ReadRecord();
  ASSERT_TRUE(record.ok());
  EXPECT_THAT(record->warnings,
              testing::Contains(HasSubstr("killed by SIGKILL")));
  EXPECT_THAT(record->warnings,
              testing::Not(testing::Contains(HasSubstr("another rank"))));
}

TEST_F(WorkerEngineTest, TheLimitIsKeptThoughWorkersDie) {
  RunOptions options = Options("d.json", "cpu");
  options.steps = 0;
  options.unattended = true;
  std::thread killer = Killer(100, Path("d.json"));
  const absl::Time start = absl::Now();
  const auto outcome = ExecuteRun(
      options, Deadline(RealClock(), absl::Seconds(12)), NullLog(), *engine_);
  const absl::Duration took = absl::Now() - start;
  over_ = true;
  killer.join();
  EXPECT_GT(killed_, 3);
  EXPECT_LT(took, absl::Seconds(12));
  ExpectValid("d.json");
}

TEST_F(WorkerEngineTest, AMissingSolverIsNamed) {
  WorkerOptions workers;
  workers.solver = Path("nothing");
  workers.scratch = Path("scratch");
  const std::unique_ptr<Engine> engine = MakeWorkerEngine(workers, NullLog());
  const auto outcome =
      ExecuteRun(Options("e.json", "cpu"), Deadline(), NullLog(), *engine);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.status().message(), HasSubstr("nothing"));
}

TEST_F(WorkerEngineTest, ErrorsOfAWorkerKeepTheirText) {
  RunOptions options = Options("f.json", "cuda:77");
  const auto outcome = ExecuteRun(options, Deadline(), NullLog(), *engine_);
  ASSERT_TRUE(absl::IsInvalidArgument(outcome.status())) << outcome.status();
  EXPECT_THAT(outcome.status().message(), HasSubstr("cuda:77"));
}

}  // namespace
}  // namespace arctrm
