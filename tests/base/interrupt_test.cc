// SPDX-License-Identifier: MIT
#include "base/interrupt.h"

#include <signal.h>

#include <thread>

#include "base/stop.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"

namespace arctrm {
namespace {

class InterruptTest : public testing::Test {
 protected:
  void TearDown() override { RequestStop(0); }
  FakeClock clock_;
};

TEST_F(InterruptTest, NothingIsInterruptedOutsideOfScopes) {
  RequestStop(SIGTERM);
  EXPECT_FALSE(IsInterrupted());
}

TEST_F(InterruptTest, ADeadlineAndASignalInterrupt) {
  const InterruptScope scope(Deadline(clock_, absl::Seconds(2)));
  EXPECT_FALSE(IsInterrupted());
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(IsInterrupted());
  const InterruptScope without_deadline{Deadline()};
  EXPECT_TRUE(IsInterrupted()) << "the outer scope counts too";
}

TEST_F(InterruptTest, ASignalInterrupts) {
  const InterruptScope scope{Deadline()};
  EXPECT_FALSE(IsInterrupted());
  RequestStop(SIGTERM);
  EXPECT_TRUE(IsInterrupted());
}

TEST_F(InterruptTest, ScopesEnd) {
  { const InterruptScope scope(Deadline(clock_, absl::ZeroDuration())); }
  EXPECT_FALSE(IsInterrupted());
}

TEST_F(InterruptTest, OtherThreadsTakeAScopeOver) {
  const InterruptScope scope(Deadline(clock_, absl::ZeroDuration()));
  bool before = true;
  bool during = false;
  bool after = true;
  std::thread([&, current = InterruptScope::Current()] {
    before = IsInterrupted();
    {
      const InterruptAdoption adopted(current);
      during = IsInterrupted();
    }
    after = IsInterrupted();
  }).join();
  EXPECT_FALSE(before);
  EXPECT_TRUE(during);
  EXPECT_FALSE(after);
}

}  // namespace
}  // namespace arctrm
