// SPDX-License-Identifier: MIT
// Counts the work of the stand-in device.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "tests/solver/standin/standin.h"

namespace arctrm::standin {

class Counters {
 public:
  static Counters& Get();

  void Operation(const std::string& name);
  // `field`: any other count.
  void Add(int64_t Counts::*field);

  Counts counts() const;
  std::map<std::string, int64_t> operations() const;
  void Reset();

 private:
  mutable std::mutex mutex_;
  Counts counts_;
  std::map<std::string, int64_t> operations_;
};

}  // namespace arctrm::standin
