// SPDX-License-Identifier: MIT
// The line that shows how training goes.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "solver/train.h"

namespace arctrm {

// "  left 2m 10s", the last field of a progress line;
// "" without a time limit.
std::string TimeLeftField(const Deadline& deadline);

// Single batches jump: the line shows means over about the last 30 steps.
class TrainProgress {
 public:
  // goal: steps at the end, 0 where only time ends it.
  std::string Line(const TrainStats& stats, int64_t goal,
                   const Deadline& deadline);

 private:
  // A running mean, exact while it has seen little.
  struct Mean {
    double sum = 0;
    double weight = 0;
    void Add(double value, double by);
    double value() const { return weight > 0 ? sum / weight : 0; }
  };
  Mean loss_, accuracy_, exact_, steps_;
};

}  // namespace arctrm
