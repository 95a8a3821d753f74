// SPDX-License-Identifier: MIT
// A run inside Kaggle: unattended, robust against failures, with a time limit
// that began before this program.
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
  // The limit of the whole notebook, and a reserve at its end, since a run that
  // Kaggle cuts off has no result.
  absl::Duration limit = absl::Hours(12);
  absl::Duration safety = absl::Minutes(10);
  // When the notebook began, in seconds since 1970.
  double started = 0;
  // Path of arctrm-solver.
  std::string solver;
  // Set out, report, checkpoint, train_on, steps, augmentations and settings;
  // RunKaggle fills in the rest.
  RunOptions run;
  // Sets run.model, run.train and run.planning once the devices are known.
  std::function<absl::Status(Engine& engine, RunOptions& run)> ResolveSettings;
};

// The time left for the run; negative if there is none.
absl::Duration KaggleTimeLeft(const KaggleOptions& options);

// Writes a valid submission, unless there is one for the same tasks, then runs
// in workers, one per device. Resumes a killed run if possible, and begins anew
// otherwise. If the scratch folder is full, switches to the next one. Having no
// time left is not an error.
absl::StatusOr<RunOutcome> RunKaggle(const KaggleOptions& options, Log& log);

// Describes what RunKaggle would do, after a short calibration. Writes only to
// the scratch folder, and removes its files.
absl::StatusOr<std::string> PlanKaggle(const KaggleOptions& options, Log& log);

}  // namespace arctrm
