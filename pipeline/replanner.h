// SPDX-License-Identifier: MIT
// Looks now and then at the speed that training really has, and divides what is
// left of the time anew.
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
  // `plan` was made from `inputs` for the run whose time is `budget`, which
  // this divides anew. Borrows options and budget.
  Replanner(const RunPlan& plan, const PlanInputs& inputs,
            const RunOptions& options, TimeBudget& budget);

  // Call after every step of training. Looks at the steps since the look
  // before, every ReplanInterval(). Returns what changed and why; "" when the
  // plan stands.
  std::string MaybeReplan(int64_t step);

  // As last planned.
  const RunPlan& plan() const { return plan_; }

 private:
  RunPlan plan_;
  PlanInputs inputs_;
  const RunOptions& options_;
  TimeBudget& budget_;
  int looks_ = 0;
  int64_t seen_step_ = -1;  // in the call before; none yet
  int64_t last_step_ = 0;   // at the last look
  absl::Time last_look_;
};

}  // namespace arctrm
