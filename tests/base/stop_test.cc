// SPDX-License-Identifier: MIT
#include "base/stop.h"

#include <signal.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace arctrm {
namespace {

class StopTest : public testing::Test {
 protected:
  void SetUp() override {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    RequestStop(0);
  }
  void TearDown() override {
    RequestStop(0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
  }
};

TEST_F(StopTest, NothingAsksAtFirst) { EXPECT_EQ(StopSignal(), 0); }

TEST_F(StopTest, RequestAndClear) {
  RequestStop(SIGTERM);
  EXPECT_EQ(StopSignal(), SIGTERM);
  RequestStop(0);
  EXPECT_EQ(StopSignal(), 0);
}

TEST_F(StopTest, SignalsOnlySetTheFlag) {
  InstallStopSignals();
  InstallStopSignals();
  raise(SIGTERM);
  EXPECT_EQ(StopSignal(), SIGTERM);
  raise(SIGTERM);
  EXPECT_EQ(StopSignal(), SIGTERM);
  RequestStop(0);
  raise(SIGINT);
  EXPECT_EQ(StopSignal(), SIGINT);
}

TEST_F(StopTest, ASecondInterruptEndsTheProcessAtOnce) {
  EXPECT_EXIT(
      {
        InstallStopSignals();
        raise(SIGINT);
        raise(SIGINT);
        _exit(0);
      },
      testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace arctrm
