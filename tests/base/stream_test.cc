// SPDX-License-Identifier: MIT
#include "base/stream.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "base/stop.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

class StreamTest : public testing::Test {
 protected:
  void SetUp() override {
    IgnoreWriteSignals();
    ASSERT_EQ(pipe2(ends_, O_CLOEXEC), 0);
  }
  void TearDown() override {
    RequestStop(0);
    if (ends_[0] >= 0) close(ends_[0]);
    close(ends_[1]);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
  }
  void CloseReader() {
    close(ends_[0]);
    ends_[0] = -1;
  }

  int ends_[2] = {-1, -1};
};

TEST_F(StreamTest, AReaderThatIsGoneIsTold) {
  CloseReader();
  absl::string_view text = "x";
  EXPECT_EQ(WriteStream(ends_[1], absl::Seconds(1), text).code(),
            absl::StatusCode::kAborted);
}

TEST_F(StreamTest, AReaderThatReadsNothingHoldsNothingUp) {
  const std::string much(1 << 20, 'x');
  absl::string_view text = much;
  EXPECT_EQ(WriteStream(ends_[1], absl::Milliseconds(20), text).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(text.size(), much.size());
  EXPECT_FALSE(text.empty());
  RequestStop(SIGTERM);
  EXPECT_EQ(WriteWholeStream(ends_[1], text).code(),
            absl::StatusCode::kCancelled);
}

TEST_F(StreamTest, WhatIsReadArrivesWhole) {
  EXPECT_EQ(WriteWholeStream(ends_[1], "text"), absl::OkStatus());
  char buffer[10] = {};
  EXPECT_EQ(read(ends_[0], buffer, sizeof(buffer)), 4);
  EXPECT_STREQ(buffer, "text");
}

}  // namespace
}  // namespace arctrm
