// SPDX-License-Identifier: MIT
// Lets long work, such as one training step of a large network, ask whether it
// should stop.
#pragma once

#include "base/clock.h"

namespace arctrm {

// During its lifetime, IsInterrupted() is true on this thread once `deadline`
// has passed or a stop signal has arrived (base/stop.h). Scopes nest; the
// earliest deadline counts. Threads that help this one adopt its scope with
// InterruptAdoption.
class InterruptScope {
 public:
  explicit InterruptScope(const Deadline& deadline);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  // The innermost scope of this thread, or null.
  static const InterruptScope* Current();

  bool Passed() const;

 private:
  const Deadline deadline_;
  const InterruptScope* const outer_;
};

// Makes this thread use `scope` (may be null) of another thread, which must
// wait for this one.
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
