// SPDX-License-Identifier: MIT
// arctrm's exceptions that pass through LibTorch code. CatchTorch (device.h)
// converts them to absl::Status.
#pragma once

#include <exception>
#include <stdexcept>

#include "base/interrupt.h"

namespace arctrm::internal {

// A time limit or a signal interrupted LibTorch operations (base/interrupt.h).
// Becomes Cancelled.
class Interruption : public std::exception {
 public:
  const char* what() const noexcept override {
    return "interrupted by a time limit or a signal";
  }
};

// Throws Interruption if this thread's work should stop. Networks call it
// before each long operation.
inline void ThrowIfInterrupted() {
  if (IsInterrupted()) throw Interruption();
}

// Another rank of the process group is lost or late. Becomes Unavailable. The
// process group is unusable afterwards.
class RankLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace arctrm::internal
