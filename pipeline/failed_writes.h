// SPDX-License-Identifier: MIT
// Counts writes that failed but do not end a run.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace arctrm {

class FailedWrites {
 public:
  // Returns true for the first failure.
  bool Add(const absl::Status& why);
  int count() const { return count_; }
  // Whether all writes failed for lack of room.
  bool only_room() const { return only_room_; }
  // "7 writes in total found no room"; "" for fewer than two failures.
  std::string Summary() const;

 private:
  int count_ = 0;
  bool only_room_ = true;
};

}  // namespace arctrm
