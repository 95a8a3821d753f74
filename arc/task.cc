// SPDX-License-Identifier: MIT
#include "arc/task.h"

namespace arctrm {

const Task* ChallengeSet::Find(absl::string_view id) const {
  for (const Task& task : tasks) {
    if (task.id == id) return &task;
  }
  return nullptr;
}

int ChallengeSet::num_test_inputs() const {
  size_t count = 0;
  for (const Task& task : tasks) count += task.test_inputs.size();
  return static_cast<int>(count);
}

}  // namespace arctrm
