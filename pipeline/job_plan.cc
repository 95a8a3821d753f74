// SPDX-License-Identifier: MIT
#include "pipeline/job_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/out_of_memory.h"
#include "base/status.h"

namespace arctrm {
namespace {

// Seconds of one step, measured within a share of the `left_s` that are left.
absl::StatusOr<double> MeasureStep(const Dataset& dataset, double left_s,
                                   const Deadline& deadline, Engine& engine,
                                   RunOptions& options, JobJournal& journal) {
  constexpr int kTries = 3;
  constexpr double kAssumed = 1;
  for (int tries = 1;;) {
    journal.log().Progress("measuring this machine");
    absl::StatusOr<double> step_s = engine.MeasureStepSeconds(
        dataset, options.model, options.train, options.device,
        std::clamp(0.03 * left_s, 1.0, 20.0));
    journal.log().EndProgress();
    journal.TakeWarnings(engine);
    if (step_s.ok()) return step_s;
    const bool lost = absl::IsUnavailable(step_s.status()) ||
                      absl::IsDeadlineExceeded(step_s.status());
    if (options.persevere && lost) {
      journal.Warn(absl::StrCat("measuring: ", step_s.status().message()));
      if (tries++ < kTries && !deadline.Passed()) continue;
      return kAssumed;
    }
    if (!options.persevere || !IsOutOfMemory(step_s.status()) ||
        !HalveBatch(engine, options)) {
      return step_s.status();
    }
    journal.Warn(absl::StrCat(step_s.status().message(),
                              "; going on with train.batch ",
                              options.train.batch));
  }
}

}  // namespace

absl::StatusOr<JobPlan> PlanJob(const Dataset& dataset, int test_inputs,
                                const Deadline& deadline, Engine& engine,
                                RunOptions& options, JobJournal& journal) {
  JobPlan job;
  PlanInputs& in = job.inputs;
  in.tasks = static_cast<int>(dataset.tasks.size());
  in.test_inputs = test_inputs;
  in.steps_asked = options.steps;
  in.start_s = engine.StartSeconds();
  if (!options.checkpoint.empty() && options.train.new_rows == "match") {
    in.match_share = options.train.match_share;
  }
  const int copies = journal.record().copies;
  in.augmentations_asked = copies >= 0 ? copies : options.augmentations;
  in.left_s = absl::ToDoubleSeconds(deadline.Remaining());
  if (!deadline.IsInfinite()) {
    ARCTRM_ASSIGN_OR_RETURN(in.step_s, MeasureStep(dataset, in.left_s, deadline,
                                                   engine, options, journal));
    in.left_s = absl::ToDoubleSeconds(deadline.Remaining());
  }
  job.plan = PlanRun(in, options.model, options.train, options.planning);
  return job;
}

bool HalveBatch(const Engine& engine, RunOptions& options) {
  const int half = options.train.batch / 2;
  if (half < engine.Ranks()) return false;
  options.train.batch = half;
  return true;
}

}  // namespace arctrm
