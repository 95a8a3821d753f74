// SPDX-License-Identifier: MIT
// Compares the speed of a training with the plan and divides the remaining time
// again.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "base/time_budget.h"
#include "pipeline/run_options.h"
#include "pipeline/run_plan.h"

namespace arctrm {

class Replanner {
 public:
  // `plan` was made from `inputs`. Borrows options and budget; changes how
  // `budget` is divided.
  Replanner(const RunPlan& plan, const PlanInputs& inputs,
            const RunOptions& options, TimeBudget& budget);

  // Call after every training step. Checks the speed of the latest steps every
  // ReplanInterval(). Returns what changed and why; "" if the plan stands.
  std::string MaybeReplan(int64_t step);

  // The latest plan.
  const RunPlan& plan() const { return plan_; }

 private:
  RunPlan plan_;
  PlanInputs inputs_;
  const RunOptions& options_;
  TimeBudget& budget_;
  int checks_ = 0;
  int64_t seen_step_ = -1;  // at the last call; -1 before the first
  int64_t last_step_ = 0;   // at the last check
  absl::Time last_check_;
};

}  // namespace arctrm
