// SPDX-License-Identifier: MIT
// The progress line of a training.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "solver/train.h"

namespace arctrm {

// "  left 2m 10s", the last field of a progress line;
// "" without a time limit.
std::string TimeLeftField(const Deadline& deadline);

// Shows means over about the last 30 steps, because single batches vary.
class TrainProgress {
 public:
  // `goal`: number of steps at the end, 0 if only time ends the training.
  std::string Line(const TrainStats& stats, int64_t goal,
                   const Deadline& deadline);

 private:
  // A running mean that is exact from the first value.
  struct Mean {
    double sum = 0;
    double weight = 0;
    void Add(double value, double by);
    double value() const { return weight > 0 ? sum / weight : 0; }
  };
  Mean loss_, accuracy_, exact_, steps_;
};

}  // namespace arctrm
