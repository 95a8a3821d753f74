// SPDX-License-Identifier: MIT
// What `arctrm run` is asked to do.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "arc/task.h"
#include "base/options.h"
#include "solver/options.h"
#include "solver/predictor.h"
#include "solver/train.h"

namespace arctrm {

// How the time is split and how much is augmented.
struct PlanningOptions {
  // Copies per task are chosen so that every embedding row is updated about
  // this often: an untrained row answers nothing. Measured: docs/RESULTS.md.
  int row_updates = 150;
  int max_augmentations = 1000;  // beside the task itself
  double vote_share = 0.25;      // of the time left after set-up, at most
  int max_views = 0;  // views per test input that vote; 0: all trained
  // Tasks whose last pair is kept out of training and tried every
  // train.evaluate_interval_s seconds; the best weights vote. Differs from TRM:
  // there the last weights do; 0 does that.
  int held_out = 0;
  // States of the second half of training that vote too, after the last one
  // has, as time allows.
  int snapshots = 0;
  int canvas_margin = 0;  // cells beyond the largest grid that is known
  int predict_batch = 0;  // rows; 0: chosen for the device
  std::string fit_canvas = "auto";  // PredictorOptions::fit_canvas
  bool stop_decided = false;  // VoteOptions::stop_decided; not with snapshots
  // As PredictorOptions say; these are published TRM.
  double early_halt = 0;
  int stable_halt = 0;
  int rollouts = 1;
  double latent_noise = 0;
  double start_noise = 0;
  std::string rollout_choice = "confidence";
  friend bool operator==(const PlanningOptions&,
                         const PlanningOptions&) = default;
};
void AddOptions(PlanningOptions& options, OptionSet& set);

struct RunOptions {
  std::vector<std::string> challenges;
  // "" when unknown; only for scoring.
  std::string solutions;
  // "PATH" or "PATH=SOLUTIONS".
  std::vector<std::string> train_on;
  std::string checkpoint;
  std::string out;
  std::string work;  // "": OUT.run
  // Another folder, for checkpoints that find no room in `work`; "": none.
  std::string spare;
  std::string report;  // "": none
  absl::Duration time_limit = absl::InfiniteDuration();
  int64_t steps = 0;       // 0: as many as fit
  int augmentations = -1;  // copies beside the task; -1: planned
  bool resume = false;
  // A run that stands in the work folder is removed.
  bool overwrite = false;
  // Asked once all inputs are read, before anything is written; may be empty.
  std::function<absl::Status()> may_write;
  // Kept in the submission for test inputs that have no vote yet.
  Submission standing;
  // What fails is worked around and told, as long as votes can still come:
  // weights that don't load, a diverged training, a full disk, a batch too
  // large for the device. For jobs that nobody watches.
  bool unattended = false;
  uint64_t seed = 0;
  std::string recipe;  // for the record
  DeviceOptions device;
  ModelOptions model;
  TrainOptions train;
  PlanningOptions planning;
  // Task id -> label. Tasks with one label are shown and scored together, as
  // the demo does.
  std::map<std::string, std::string> task_labels;
  std::string title = "arctrm run";

  PredictorOptions ToPredictorOptions() const;
  // Model, training options, device, seed, start weights and steps; all other
  // fields keep their defaults.
  TrainSpec ToTrainSpec() const;
  // Everything that decides the result, as keys and values.
  std::vector<OptionSet::Item> Settings() const;
};

}  // namespace arctrm
