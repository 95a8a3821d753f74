// SPDX-License-Identifier: MIT
#include "tests/solver/standin/counters.h"

namespace arctrm::standin {

Counters& Counters::Get() {
  static auto& counters = *new Counters;
  return counters;
}

void Counters::Operation(const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counts_.operations;
  ++operations_[name];
}

void Counters::Add(int64_t Counts::*field) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++(counts_.*field);
}

Counts Counters::counts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

std::map<std::string, int64_t> Counters::operations() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return operations_;
}

void Counters::Reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  counts_ = {};
  operations_.clear();
}

}  // namespace arctrm::standin
