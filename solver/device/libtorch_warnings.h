// SPDX-License-Identifier: MIT
// Warnings of LibTorch, which would print them to standard error.
#pragma once

#include <c10/util/Exception.h>

namespace arctrm::internal {

// Drops the warnings of this thread and of its backward passes that an
// operation is not deterministic, as train.deterministic = false allows.
// Prints all others.
class HideDeterminismWarnings {
 public:
  HideDeterminismWarnings() : guard_(&handler_) {}

 private:
  class Handler : public c10::WarningHandler {
   public:
    void process(const c10::Warning& warning) override;
  };

  Handler handler_;
  c10::WarningUtils::WarningHandlerGuard guard_;
};

}  // namespace arctrm::internal
