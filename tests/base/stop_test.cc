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
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU, SIGUSR1,
                       SIGUSR2, SIGPIPE, SIGXFSZ}) {
      signal(number, SIG_DFL);
    }
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

TEST_F(StopTest, WhateverEndsAProcessAsksToStop) {
  InstallStopSignals();
  for (int number : {SIGHUP, SIGQUIT, SIGXCPU, SIGUSR1, SIGUSR2}) {
    RequestStop(0);
    raise(number);
    EXPECT_EQ(StopSignal(), number);
  }
  EXPECT_EQ(SignalName(SIGHUP), "SIGHUP");
  EXPECT_EQ(StoppedError("reading f"),
            absl::CancelledError("stopped by SIGUSR2 while reading f"));
}

TEST_F(StopTest, WritingWhereNobodyReadsEndsNothing) {
  InstallStopSignals();
  raise(SIGPIPE);
  raise(SIGXFSZ);
  EXPECT_EQ(StopSignal(), 0);
}

TEST_F(StopTest, NohupIsRespected) {
  signal(SIGHUP, SIG_IGN);
  InstallStopSignals();
  raise(SIGHUP);
  EXPECT_EQ(StopSignal(), 0);
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
