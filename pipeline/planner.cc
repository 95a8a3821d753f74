// SPDX-License-Identifier: MIT
#include "pipeline/planner.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/memory.h"
#include "base/out_of_memory.h"
#include "base/status.h"

namespace arctrm {
namespace {

// Measures a step within a share of the remaining time.
absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset,
                                     const TimeBudget& budget, Engine& engine,
                                     RunOptions& options, RunJournal& journal) {
  constexpr int kTries = 3;
  const MeasureLimits limits = budget.Measuring();
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
    if (options.unattended && absl::IsUnavailable(time.status())) {
      journal.Warn(absl::StrCat("measuring: ", time.status().message()));
      if (tries++ < kTries && !budget.end().Passed()) continue;
      // The run replans with measured steps during training.
      return StepTime{1, /*complete=*/true};
    }
    if (!options.unattended || !IsOutOfMemory(time.status()) ||
        !HalveBatch(engine, options)) {
      return time.status();
    }
    journal.Warn(absl::StrCat(time.status().message(),
                              "; going on with train.batch ",
                              options.train.batch));
  }
}

}  // namespace

absl::StatusOr<MeasuredPlan> MeasureAndPlan(const Dataset& dataset,
                                            int test_inputs, TimeBudget& budget,
                                            Engine& engine, RunOptions& options,
                                            RunJournal& journal) {
  MeasuredPlan planned;
  PlanInputs& in = planned.inputs;
  in.tasks = static_cast<int>(dataset.tasks.size());
  in.test_inputs = test_inputs;
  in.steps_asked = options.steps;
  in.start_s = engine.StartSeconds();
  if (!options.checkpoint.empty() &&
      options.train.embedding_init == "best_match") {
    in.match_share = options.train.match_share;
  }
  const int augmentations = journal.record().augmentations;
  in.augmentations_asked =
      augmentations >= 0 ? augmentations : options.augmentations;
  in.left_s = budget.LeftS();
  if (budget.limited()) {
    ARCTRM_ASSIGN_OR_RETURN(
        const StepTime time,
        MeasureStep(dataset, budget, engine, options, journal));
    in.step_s = time.seconds;
    in.step_complete = time.complete;
    in.left_s = budget.LeftS();
  }
  planned.plan = PlanRun(in, options.model, options.train, options.planning);
  budget.Divide(planned.plan.vote_s, planned.plan.reserve_s);
  return planned;
}

absl::StatusOr<int> AffordableAugmentations(
    const std::vector<DatasetSource>& sources, BuildOptions build,
    int augmentations, const ModelOptions& model, const TimeBudget& budget) {
  // So few are always affordable.
  constexpr int kSample = 64;
  // A slow disk. The table of embedding rows is saved several times.
  constexpr double kBytesPerSecond = 50e6;
  constexpr double kMemoryShare = 0.25;  // of the available memory
  if (augmentations <= kSample) return augmentations;
  build.plan.augmentations = kSample;
  const absl::Time before = RealClock().Now();
  ARCTRM_ASSIGN_OR_RETURN(const Dataset sample, BuildDataset(sources, build));
  const double sample_s = absl::ToDoubleSeconds(RealClock().Now() - before);
  // Finding an augmentation takes one or a few tries, but all tries where a
  // task has no further one.
  const double augmentation_s = build.plan.retries * sample_s / kSample;
  const double row_bytes = 4.0 * model.hidden;
  const double tasks = std::max(1.0, static_cast<double>(sample.tasks.size()));
  double most = kMemoryShare * static_cast<double>(AvailableMemoryBytes()) /
                (row_bytes * tasks);
  if (budget.limited()) {
    most = std::min({most, budget.BuildingS() / std::max(augmentation_s, 1e-9),
                     budget.SavingS() * kBytesPerSecond / (row_bytes * tasks)});
  }
  return std::clamp(static_cast<int>(std::min(most, 1e9)), kSample,
                    augmentations);
}

bool HalveBatch(const Engine& engine, RunOptions& options) {
  const int half = options.train.batch / 2;
  if (half < engine.Ranks()) return false;
  options.train.batch = half;
  return true;
}

}  // namespace arctrm
