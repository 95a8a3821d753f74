// SPDX-License-Identifier: MIT
#include "pipeline/run_options.h"

#include "absl/strings/str_cat.h"

namespace arctrm {

void AddOptions(PlanningOptions& o, OptionSet& set) {
  set.Add("run.row_updates", &o.row_updates,
          "updates of each embedding row that the number of copies aims at", 1,
          1000000);
  set.Add("run.max_copies", &o.max_augmentations, "copies per task at most", 0,
          100000);
  set.Add("run.vote_share", &o.vote_share,
          "share of the time that voting may take", 0.01, 0.95);
  set.Add("run.max_views", &o.max_views,
          "views per test input that vote; 0: all with a trained row", 0,
          100000);
  set.Add("run.held_out", &o.held_out,
          "tasks with a pair kept out of training, on which the weights that "
          "vote are chosen; 0: the last weights vote",
          0, 1 << 20);
  set.Add("run.snapshots", &o.snapshots,
          "states of the second half of training that vote too, as time allows",
          0, 100);
  set.Add("run.canvas_margin", &o.canvas_margin,
          "cells beyond the largest known grid", 0, 30);
  set.Add("run.predict_batch", &o.predict_batch,
          "rows of a prediction batch; 0: chosen for the device", 0, 1 << 20);
  set.Add("run.fit_canvas", &o.fit_canvas,
          "predict on canvases of each task's size; auto: as the model was "
          "trained",
          {"auto", "on", "off"});
  set.Add(
      "run.stop_decided", &o.stop_decided,
      "no more views for a test input whose attempts can't change any more; "
      "not with run.snapshots");
  set.Add("run.early_halt", &o.early_halt,
          "a row of a prediction stops once it is so confident; 0: never", 0,
          1);
  set.Add("run.stable_halt", &o.stable_halt,
          "a row of a prediction stops once its answer stayed the same for so "
          "many more steps; 0: never",
          0, 1000);
  set.Add("run.rollouts", &o.rollouts, "answers per input of which one counts",
          1, 1000);
  set.Add("run.latent_noise", &o.latent_noise,
          "noise on z before every step of the rollouts after the first", 0,
          10);
  set.Add("run.start_noise", &o.start_noise,
          "noise on the start states of the rollouts after the first", 0, 10);
  set.Add("run.rollout_choice", &o.rollout_choice,
          "the surest rollout, or what most of them say",
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
