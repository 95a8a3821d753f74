// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"

namespace arctrm {
namespace {

TEST(Clock, RealClockNeverGoesBack) {
  absl::Time last = RealClock().Now();
  for (int i = 0; i < 1000; ++i) {
    const absl::Time now = RealClock().Now();
    EXPECT_GE(now, last);
    last = now;
  }
  EXPECT_EQ(&RealClock(), &RealClock());
}

TEST(Deadline, PassesAtItsMoment) {
  FakeClock clock;
  const Deadline deadline(clock, absl::Seconds(10));
  EXPECT_FALSE(deadline.Passed());
  EXPECT_FALSE(deadline.IsInfinite());
  EXPECT_EQ(deadline.Remaining(), absl::Seconds(10));
  clock.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_FALSE(deadline.Passed());
  clock.Advance(absl::Nanoseconds(1));
  EXPECT_TRUE(deadline.Passed());
  clock.Advance(absl::Seconds(5));
  EXPECT_TRUE(deadline.Passed());
  EXPECT_EQ(deadline.Remaining(), absl::Seconds(-5));
}

TEST(Deadline, EarlierByMovesIt) {
  FakeClock clock;
  const Deadline deadline(clock, clock.Now() + absl::Seconds(10));
  const Deadline earlier = deadline.EarlierBy(absl::Seconds(4));
  EXPECT_EQ(earlier.Remaining(), absl::Seconds(6));
  EXPECT_EQ(deadline.Remaining(), absl::Seconds(10));
  clock.Advance(absl::Seconds(6));
  EXPECT_TRUE(earlier.Passed());
  EXPECT_FALSE(deadline.Passed());
}

TEST(Deadline, DefaultNeverPasses) {
  const Deadline deadline;
  EXPECT_TRUE(deadline.IsInfinite());
  EXPECT_FALSE(deadline.Passed());
  EXPECT_EQ(deadline.Remaining(), absl::InfiniteDuration());
  EXPECT_FALSE(deadline.EarlierBy(absl::Hours(1000)).Passed());
  FakeClock clock;
  EXPECT_FALSE(Deadline(clock, absl::InfiniteDuration()).Passed());
}

TEST(ParseDuration, UnitsAlone) {
  const std::vector<std::pair<std::string, absl::Duration>> cases = {
      {"90s", absl::Seconds(90)},
      {"20m", absl::Minutes(20)},
      {"2h", absl::Hours(2)},
      {"1d", absl::Hours(24)},
      {"1.5h", absl::Minutes(90)},
      {"0.25s", absl::Milliseconds(250)},
      {".5m", absl::Seconds(30)},
      {"11h30m", absl::Minutes(690)},
      {"1d2h3m4.5s", absl::Hours(26) + absl::Milliseconds(184500)},
      {"0h5m", absl::Minutes(5)},
  };
  for (const auto& [text, duration] : cases) {
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, duration) << text;
  }
}

TEST(ParseDuration, BadTextIsInvalidAndNamesTheText) {
  for (const char* text : {"",       "5",    "90",
                           "s",      "h30m", "-5s",
                           "+5s",    "5s-",  "0s",
                           "0h0m",   "5 s",  " 5s",
                           "5s ",    "5S",   "5sec",
                           "1.2.3s", ".s",   "5m1h",
                           "5m5m",   "1e3s", "inf",
                           "infs",   "nans", "0x10s",
                           "5s\n",   "1h30", "99999999999999h"}) {
    const auto parsed = ParseDuration(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    EXPECT_NE(parsed.status().message().find(text), absl::string_view::npos);
  }
  EXPECT_FALSE(ParseDuration(absl::string_view("5s\0", 3)).ok());
}

TEST(DurationText, ForPeople) {
  EXPECT_EQ(DurationText(absl::ZeroDuration()), "0.0s");
  EXPECT_EQ(DurationText(absl::Milliseconds(12340)), "12.3s");
  EXPECT_EQ(DurationText(absl::Milliseconds(59940)), "59.9s");
  EXPECT_EQ(DurationText(absl::Milliseconds(59960)), "1m 00s");
  EXPECT_EQ(DurationText(absl::Seconds(250)), "4m 10s");
  EXPECT_EQ(DurationText(absl::Milliseconds(3599600)), "1h 00m");
  EXPECT_EQ(DurationText(absl::Seconds(3900)), "1h 05m");
  EXPECT_EQ(DurationText(absl::Hours(30)), "30h 00m");
  EXPECT_EQ(DurationText(absl::Seconds(-70)), "-1m 10s");
  EXPECT_EQ(DurationText(absl::InfiniteDuration()), "unlimited");
}

}  // namespace
}  // namespace arctrm
