// SPDX-License-Identifier: MIT
// How an interrupt (base/interrupt.h) leaves the middle of LibTorch operations.
#pragma once

#include <exception>

#include "base/interrupt.h"

namespace arctrm::internal {

// CatchTorch turns it into Cancelled.
class Interruption : public std::exception {
 public:
  const char* what() const noexcept override {
    return "interrupted by a time limit or a signal";
  }
};

// Throws Interruption where the work of this thread should stop. Passes of a
// network call it once for each operation that may take long.
inline void ThrowIfInterrupted() {
  if (IsInterrupted()) throw Interruption();
}

}  // namespace arctrm::internal
