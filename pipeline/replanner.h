// SPDX-License-Identifier: MIT
// Looks now and then at the speed that training really has, and divides what is
// left of the time anew.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"
#include "pipeline/plan.h"
#include "pipeline/run_options.h"

namespace arctrm {

class Replanner {
 public:
  // `plan` was made from `inputs` for a job that began at `start` and ends at
  // `deadline`, both of `clock`. Borrows clock and options.
  Replanner(const RunPlan& plan, const PlanInputs& inputs,
            const RunOptions& options, absl::Time start,
            const Deadline& deadline, const Clock& clock);

  // Call after every step of training. Looks first after a tenth of the
  // training time (two minutes at most), then each 0.15 of it (20 minutes at
  // most), at the steps since the look before: what has changed meanwhile
  // counts. What changed and why; "" when the plan stands.
  std::string Look(int64_t step);

  // As last planned: of it, and of the training.
  const RunPlan& plan() const { return plan_; }
  Deadline deadline() const {
    return job_deadline_.EarlierBy(
        absl::Seconds(plan_.vote_s + plan_.reserve_s));
  }

 private:
  RunPlan plan_;
  PlanInputs inputs_;
  const RunOptions& options_;
  absl::Time start_;
  Deadline job_deadline_;
  const Clock& clock_;
  int looks_ = 0;
  int64_t seen_step_ = -1;  // in the call before; none yet
  int64_t last_step_ = 0;   // at the last look
  absl::Time last_look_;
};

}  // namespace arctrm
