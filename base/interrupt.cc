// SPDX-License-Identifier: MIT
#include "base/interrupt.h"

#include <utility>

#include "base/stop.h"

namespace arctrm {
namespace {

thread_local const InterruptScope* current_scope = nullptr;

}  // namespace

InterruptScope::InterruptScope(const Deadline& deadline)
    : deadline_(deadline), outer_(std::exchange(current_scope, this)) {}

InterruptScope::~InterruptScope() { current_scope = outer_; }

const InterruptScope* InterruptScope::Current() { return current_scope; }

bool InterruptScope::Passed() const {
  return deadline_.Passed() || (outer_ != nullptr && outer_->Passed());
}

InterruptAdoption::InterruptAdoption(const InterruptScope* scope)
    : before_(std::exchange(current_scope, scope)) {}

InterruptAdoption::~InterruptAdoption() { current_scope = before_; }

bool IsInterrupted() {
  return current_scope != nullptr &&
         (StopSignal() != 0 || current_scope->Passed());
}

}  // namespace arctrm
