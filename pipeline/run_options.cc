// SPDX-License-Identifier: MIT
#include "pipeline/run_options.h"

#include "absl/strings/str_cat.h"

namespace arctrm {

void AddOptions(PlanningOptions& o, OptionSet& set) {
  set.Add("run.row_updates", &o.row_updates,
          "how often each embedding row should be updated; decides the number "
          "of augmentations",
          1, 1000000);
  set.Add("run.max_augmentations", &o.max_augmentations,
          "largest number of augmentations of a task", 0, 100000);
  set.AddAlias("run.max_copies", "run.max_augmentations", {});
  set.Add("run.vote_share", &o.vote_share,
          "largest share of the time that voting may take", 0.01, 0.95);
  set.Add("run.max_views", &o.max_views,
          "largest number of views of a test input that vote; 0: all with a "
          "trained embedding row",
          0, 100000);
  set.Add("run.held_out", &o.held_out,
          "number of tasks with a held-out pair; the weights that solve most "
          "held-out pairs vote; 0: the last weights vote",
          0, 1 << 20);
  set.Add("run.snapshots", &o.snapshots,
          "number of snapshots of the second half of training that vote too, "
          "as time allows",
          0, 100);
  set.Add("run.canvas_margin", &o.canvas_margin,
          "number of cells by which the canvas exceeds the largest known grid",
          0, 30);
  set.Add("run.predict_batch", &o.predict_batch,
          "number of rows in a prediction batch; 0: chosen for the device", 0,
          1 << 20);
  set.Add("run.fit_canvas", &o.fit_canvas,
          "whether to predict on a window of each task's size; auto: as the "
          "model was trained",
          {"auto", "on", "off"});
  set.Add("run.stop_decided", &o.stop_decided,
          "whether to skip the views of a test input that can't change its "
          "attempts; not with run.snapshots");
  set.Add("run.early_halt", &o.early_halt,
          "confidence at which a prediction ends before its last step; 0: "
          "never",
          0, 1);
  set.Add("run.stable_halt", &o.stable_halt,
          "number of steps without a change of the answer after which a "
          "prediction ends; 0: never",
          0, 1000);
  set.Add("run.rollouts", &o.rollouts,
          "number of answers to each view, of which one is chosen", 1, 1000);
  set.Add("run.latent_noise", &o.latent_noise,
          "noise on z before every step, in all rollouts but the first", 0, 10);
  set.Add("run.start_noise", &o.start_noise,
          "noise on the start states, in all rollouts but the first", 0, 10);
  set.Add("run.rollout_choice", &o.rollout_choice,
          "which answer is chosen: the most confident one or the most frequent "
          "one",
          {"confidence", "agreement"});
}

TrainSpec RunOptions::ToTrainSpec() const {
  TrainSpec spec;
  spec.model = model;
  spec.train = train;
  spec.device = device;
  spec.seed = seed;
  spec.checkpoint = checkpoint;
  spec.max_steps = steps;
  return spec;
}

PredictorOptions RunOptions::ToPredictorOptions() const {
  PredictorOptions predicting;
  predicting.device = device;
  predicting.kernels = train.kernels;
  predicting.graphs = train.graphs;
  predicting.batch = planning.predict_batch;
  predicting.fit_canvas = planning.fit_canvas;
  predicting.early_halt = planning.early_halt;
  predicting.stable_halt = planning.stable_halt;
  predicting.rollouts = planning.rollouts;
  predicting.latent_noise = planning.latent_noise;
  predicting.start_noise = planning.start_noise;
  predicting.rollout_choice = planning.rollout_choice;
  predicting.seed = seed;
  return predicting;
}

std::vector<OptionSet::Item> RunOptions::Settings() const {
  RunOptions copy = *this;
  OptionSet set;
  AddOptions(copy.model, set);
  AddOptions(copy.train, set);
  AddOptions(copy.planning, set);
  return set.Items();
}

}  // namespace arctrm
