// SPDX-License-Identifier: MIT
// A clock that goes on only when told to.
#pragma once

#include "absl/time/time.h"
#include "base/clock.h"

namespace arctrm {

class FakeClock : public Clock {
 public:
  absl::Time Now() const override { return now_; }
  void Advance(absl::Duration duration) { now_ += duration; }

 private:
  absl::Time now_ = absl::UnixEpoch();
};

}  // namespace arctrm
