// SPDX-License-Identifier: MIT
// The job as it goes inside Kaggle: nobody watches, nothing may be lost, and
// the clock has been running since before this program began.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/log.h"
#include "kaggle/environment.h"
#include "pipeline/run.h"

namespace arctrm {

struct KaggleOptions {
  SiteOptions site;
  // Of the whole notebook, and what of it is left alone: a run that Kaggle cuts
  // off has no result at all.
  absl::Duration limit = absl::Hours(12);
  absl::Duration safety = absl::Minutes(10);
  // When the notebook began, in seconds since 1970.
  double started = 0;
  // The program that has the model.
  std::string solver;
  // out, report, checkpoint, train_on, steps, augmentations and settings; the
  // rest is filled in from what is found.
  RunOptions run;
  // Settles run.model, run.train and run.planning once the devices are known
  // (as "CUDA device 0, bf16" says it).
  std::function<absl::Status(Engine& engine, RunOptions& run)> ResolveSettings;
};

// What is left for the job now. Negative: nothing.
absl::Duration KaggleTimeLeft(const KaggleOptions& options);

// Puts a valid submission in place (one that is already there for the same
// tasks stays), then carries out the job in workers, one per device. A run that
// was killed is taken up where it was; what can't be is begun anew. When the
// scratch folder fills up, the next one is taken. No time left is an outcome,
// not an error.
absl::StatusOr<RunOutcome> RunKaggle(const KaggleOptions& options, Log& log);

// What RunKaggle would do, after a short calibration, as text for people.
// Writes to the scratch folder only, and removes that.
absl::StatusOr<std::string> PlanKaggle(const KaggleOptions& options, Log& log);

}  // namespace arctrm
