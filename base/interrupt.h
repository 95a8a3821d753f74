// SPDX-License-Identifier: MIT
// Long work without a natural place to look at the clock asks here whether it
// should stop: one training step of a large network can take minutes.
#pragma once

#include "base/clock.h"

namespace arctrm {

// While it lives, work of this thread counts as interrupted once `deadline` has
// passed or a signal has asked for a stop (base/stop.h). Scopes nest; the
// earliest deadline counts. Threads that work for this one take its scope over
// with InterruptAdoption.
class InterruptScope {
 public:
  explicit InterruptScope(const Deadline& deadline);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  // The innermost scope of this thread; null where there is none.
  static const InterruptScope* Current();

  bool Passed() const;

 private:
  const Deadline deadline_;
  const InterruptScope* const outer_;
};

// Work of this thread belongs to `scope` (may be null) of another thread, which
// waits for it.
class InterruptAdoption {
 public:
  explicit InterruptAdoption(const InterruptScope* scope);
  ~InterruptAdoption();
  InterruptAdoption(const InterruptAdoption&) = delete;
  InterruptAdoption& operator=(const InterruptAdoption&) = delete;

 private:
  const InterruptScope* const before_;
};

// Should the work of this thread stop? Always false outside of scopes.
bool IsInterrupted();

}  // namespace arctrm
