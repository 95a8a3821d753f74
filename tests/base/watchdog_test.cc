// SPDX-License-Identifier: MIT
#include "base/watchdog.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "absl/time/clock.h"
#include "base/stop.h"
#include "base/time_budget.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

class WatchdogTest : public testing::Test {
 protected:
  void SetUp() override {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
  }
  static int Say(Watchdog::Cause cause) {
    std::fputs(cause == Watchdog::Cause::kDeadline ? "deadline" : "signal",
               stderr);
    return 7;
  }
  static Deadline In(absl::Duration time) {
    return Deadline(RealClock(), time);
  }
};

TEST_F(WatchdogTest, EndsTheProcessAtTheDeadline) {
  EXPECT_EXIT(
      {
        const Watchdog watchdog(In(absl::Milliseconds(400)), Say);
        absl::SleepFor(absl::Seconds(20));
      },
      testing::ExitedWithCode(7), "deadline");
}

TEST_F(WatchdogTest, LeavesWorkThatEndsInTimeAlone) {
  EXPECT_EXIT(
      {
        { const Watchdog watchdog(In(absl::Milliseconds(500)), Say); }
        absl::SleepFor(absl::Milliseconds(600));
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(WatchdogTest, EndsTheProcessAfterASignalThatNobodyHears) {
  EXPECT_EXIT(
      {
        const Watchdog watchdog(Deadline(), Say);
        RequestStop(SIGTERM);
        absl::SleepFor(absl::Seconds(20));
      },
      testing::ExitedWithCode(7), "signal");
}

TEST_F(WatchdogTest, WaitsForWorkThatHasHeardTheSignal) {
  EXPECT_EXIT(
      {
        const Watchdog watchdog(Deadline(), Say);
        RequestStop(SIGTERM);
        absl::SleepFor(absl::Milliseconds(300));
        AcknowledgeStop();
        absl::SleepFor(kSignalGrace);
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(WatchdogTest, AnEndThatHangsIsCutOff) {
  EXPECT_EXIT(
      {
        const Watchdog watchdog(In(absl::ZeroDuration()), [](Watchdog::Cause) {
          absl::SleepFor(absl::Seconds(20));
          return 0;
        });
        absl::SleepFor(absl::Seconds(20));
      },
      testing::ExitedWithCode(Watchdog::kCutOffExitCode), "");
}

TEST_F(WatchdogTest, TheNewestWatches) {
  EXPECT_EXIT(
      {
        const Watchdog outer(In(absl::Milliseconds(300)),
                             [](Watchdog::Cause) { return 1; });
        const Watchdog inner(In(absl::Milliseconds(500)), Say);
        absl::SleepFor(absl::Seconds(20));
      },
      testing::ExitedWithCode(7), "deadline");
}

}  // namespace
}  // namespace arctrm
