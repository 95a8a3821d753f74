// SPDX-License-Identifier: MIT
// Clocks are passed in, so that tests of budgets and deadlines need not sleep.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace arctrm {

class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic. Only differences have a meaning.
  virtual absl::Time Now() const = 0;
};

// The machine's monotonic clock. Never destroyed; thread-safe.
const Clock& RealClock();

// A moment on a clock after which work stops. Copyable; borrows the clock.
// A deadline is a reason to stop, not an error.
class Deadline {
 public:
  // Never passes.
  Deadline() = default;
  Deadline(const Clock& clock, absl::Duration from_now)
      : clock_(&clock), at_(clock.Now() + from_now) {}
  Deadline(const Clock& clock, absl::Time at) : clock_(&clock), at_(at) {}

  bool Passed() const { return clock_ != nullptr && clock_->Now() >= at_; }
  bool IsInfinite() const { return clock_ == nullptr; }
  // InfiniteDuration for a deadline that never passes; negative once passed.
  absl::Duration Remaining() const {
    return clock_ == nullptr ? absl::InfiniteDuration() : at_ - clock_->Now();
  }
  // The same deadline moved `margin` earlier.
  Deadline EarlierBy(absl::Duration margin) const {
    Deadline other = *this;
    other.at_ -= margin;
    return other;
  }

 private:
  const Clock* clock_ = nullptr;
  absl::Time at_ = absl::InfiniteFuture();
};

// "90s", "20m", "11h30m", "1.5h" -> duration. Numbers without a unit, zero,
// negative durations and empty texts are InvalidArgument.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);
// For display: "1h 05m", "4m 10s", "12.3s".
std::string DurationText(absl::Duration duration);

}  // namespace arctrm
