// SPDX-License-Identifier: MIT
// The options of `arctrm run`.
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

// How a run divides its time and how much it augments.
struct PlanningOptions {
  // Wanted updates of each embedding row, which decide the number of
  // augmentations: an untrained row answers nothing. Measured in
  // docs/RESULTS.md.
  int row_updates = 150;
  int max_augmentations = 1000;  // per task, beside the task itself
  double vote_share = 0.25;      // of the time after set-up, at most
  int max_views = 0;             // per test input; 0: all with a trained row
  // Number of held-out pairs, scored every train.evaluate_interval_s seconds.
  // The best weights vote. Differs from TRM, where the last weights vote, as
  // they do with 0.
  int held_out = 0;
  // Snapshots of the second half of the training, which vote after the other
  // weights as time allows.
  int snapshots = 0;
  int canvas_margin = 0;            // cells beyond the largest known grid
  int predict_batch = 0;            // batch rows; 0: chosen for the device
  std::string fit_canvas = "auto";  // PredictorOptions::fit_canvas
  bool stop_decided = false;  // VoteOptions::stop_decided; not with snapshots
  // See PredictorOptions. The defaults are those of published TRM.
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
  // Only for scoring; "" if unknown.
  std::string solutions;
  // "PATH" or "PATH=SOLUTIONS".
  std::vector<std::string> train_on;
  std::string checkpoint;
  std::string out;
  std::string work;  // "": OUT.run
  // A folder for checkpoints that find no room in `work`; "": none.
  std::string spare;
  std::string report;      // "": none
  int64_t steps = 0;       // 0: as many as fit
  int augmentations = -1;  // beside the task itself; -1: planned
  bool resume = false;
  // Removes an earlier run in the work folder.
  bool overwrite = false;
  // Called once all inputs are read, before anything is written; may be empty.
  // An error ends the run.
  std::function<absl::Status()> may_write;
  // Answers for test inputs that have no vote yet.
  Submission standing;
  // For runs that nobody watches: failures are reported and worked around as
  // long as votes can still come, such as weights that do not load, a diverged
  // training, a full disk, or a batch that is too large for the device.
  bool unattended = false;
  uint64_t seed = 0;
  std::string recipe;  // name, for the record
  DeviceOptions device;
  ModelOptions model;
  TrainOptions train;
  PlanningOptions planning;
  // Task id -> label. Tasks with the same label are shown and scored together,
  // as in the demo.
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
