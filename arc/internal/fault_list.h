// SPDX-License-Identifier: MIT
// Collects all faults of an input for one message.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

class FaultList {
 public:
  void Add(absl::string_view fault);
  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  // OK without faults, else InvalidArgument: "<path>: <fault>" or "<path>: 12
  // faults: <fault>; <fault>; ...; and 2 more".
  absl::Status ToStatus(absl::string_view path) const;

 private:
  size_t count_ = 0;
  // The first faults.
  std::vector<std::string> listed_;
};

}  // namespace arctrm
