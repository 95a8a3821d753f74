// SPDX-License-Identifier: MIT
// The exceptions of our own that pass through LibTorch code. CatchTorch
// (device.h) turns them into an absl::Status.
#pragma once

#include <exception>
#include <stdexcept>

#include "base/interrupt.h"

namespace arctrm::internal {

// A time limit passed, or a signal came, in the middle of LibTorch operations
// (base/interrupt.h). Becomes Cancelled.
class Interruption : public std::exception {
 public:
  const char* what() const noexcept override {
    return "interrupted by a time limit or a signal";
  }
};

// Throws Interruption if this thread's work should stop. A pass of a network
// calls it before each operation that may take long.
inline void ThrowIfInterrupted() {
  if (IsInterrupted()) throw Interruption();
}

// Another rank of the process group is gone or did not come in time. Becomes
// Unavailable. The process group cannot be used afterwards.
class RankLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace arctrm::internal
