// SPDX-License-Identifier: MIT
#include "pipeline/job_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/memory.h"
#include "base/out_of_memory.h"
#include "base/status.h"

namespace arctrm {
namespace {

// Measuring takes at most this share of the time that is left: a step that
// takes longer is one that a run of this length can't make use of.
constexpr double kMostMeasuringShare = 0.15;
constexpr double kMostMeasuringS = 120;

// How long one step takes, measured within a share of the `left_s` that are
// left.
absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset, double left_s,
                                     const Deadline& deadline, Engine& engine,
                                     RunOptions& options, JobJournal& journal) {
  constexpr int kTries = 3;
  MeasureLimits limits;
  limits.give_up_s = std::min(kMostMeasuringShare * left_s, kMostMeasuringS);
  limits.repeat_s =
      std::min(limits.give_up_s, std::clamp(0.03 * left_s, 1.0, 20.0));
  const StepTime unknown = {limits.give_up_s, /*complete=*/false};
  for (int tries = 1;;) {
    journal.log().Progress("measuring this machine");
    absl::StatusOr<StepTime> time = engine.MeasureStep(
        dataset, options.model, options.train, options.device, limits);
    journal.log().EndProgress();
    journal.TakeWarnings(engine);
    if (time.ok()) return time;
    if (absl::IsDeadlineExceeded(time.status())) {
      journal.Warn(absl::StrCat("measuring: ", time.status().message()));
      return unknown;
    }
    if (options.persevere && absl::IsUnavailable(time.status())) {
      journal.Warn(absl::StrCat("measuring: ", time.status().message()));
      if (tries++ < kTries && !deadline.Passed()) continue;
      return StepTime{1, /*complete=*/true};
    }
    if (!options.persevere || !IsOutOfMemory(time.status()) ||
        !HalveBatch(engine, options)) {
      return time.status();
    }
    journal.Warn(absl::StrCat(time.status().message(),
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
    ARCTRM_ASSIGN_OR_RETURN(
        const StepTime time,
        MeasureStep(dataset, in.left_s, deadline, engine, options, journal));
    in.step_s = time.seconds;
    in.step_complete = time.complete;
    in.left_s = absl::ToDoubleSeconds(deadline.Remaining());
  }
  job.plan = PlanRun(in, options.model, options.train, options.planning);
  return job;
}

absl::StatusOr<int> AffordableCopies(const std::vector<DatasetSource>& sources,
                                     BuildOptions build, int copies,
                                     const ModelOptions& model,
                                     const Deadline& deadline) {
  // Fewer are built in no time.
  constexpr int kSample = 64;
  constexpr double kBuildShare = 0.1;  // of the time
  // A table is saved several times, by a slow disk.
  constexpr double kBytesPerSecond = 50e6;
  constexpr double kSaveShare = 0.05;    // of the time, each
  constexpr double kMemoryShare = 0.25;  // of what is available
  if (copies <= kSample) return copies;
  build.plan.copies = kSample;
  const absl::Time before = RealClock().Now();
  ARCTRM_ASSIGN_OR_RETURN(const Dataset sample, BuildDataset(sources, build));
  const double sample_s = absl::ToDoubleSeconds(RealClock().Now() - before);
  const double left_s = absl::ToDoubleSeconds(deadline.Remaining());
  // Each copy is a few tries; where a task has no more copies to give, all
  // tries are made.
  const double copy_s = build.plan.retries * sample_s / kSample;
  const double row_bytes = 4.0 * model.hidden;
  const double rows = std::max(1.0, static_cast<double>(sample.tasks.size()));
  double most = kMemoryShare * static_cast<double>(AvailableMemoryBytes()) /
                (row_bytes * rows);
  if (!deadline.IsInfinite()) {
    most =
        std::min({most, kBuildShare * left_s / std::max(copy_s, 1e-9),
                  kSaveShare * left_s * kBytesPerSecond / (row_bytes * rows)});
  }
  return std::clamp(static_cast<int>(std::min(most, 1e9)), kSample, copies);
}

bool HalveBatch(const Engine& engine, RunOptions& options) {
  const int half = options.train.batch / 2;
  if (half < engine.Ranks()) return false;
  options.train.batch = half;
  return true;
}

}  // namespace arctrm
