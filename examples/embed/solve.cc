// SPDX-License-Identifier: MIT
// usage: embed_solve CHALLENGES SUBMISSION CHECKPOINT
// Answers ARC tasks with the network in the folder CHECKPOINT. Where there is
// none, trains a tiny network on the tasks' demonstrations and keeps it there.
#include <cstdio>
#include <memory>
#include <string>

#include "arctrm/arc/read.h"
#include "arctrm/augment/dataset.h"
#include "arctrm/base/status.h"
#include "arctrm/solver/checkpoint_info.h"
#include "arctrm/solver/predictor.h"
#include "arctrm/solver/train.h"
#include "arctrm/submission/write.h"
#include "arctrm/tta/ballots.h"
#include "arctrm/tta/predict.h"
#include "arctrm/version.h"

namespace {

using namespace arctrm;  // NOLINT: a program of one file

// Large enough to show every part at work in seconds, too small to solve much.
constexpr int kAugmentations = 8;
constexpr int kSteps = 40;

DeviceOptions Device() { return {.device = "cpu"}; }

absl::Status TrainOn(const ChallengeSet& challenges,
                     const std::string& checkpoint) {
  DatasetSource source;
  source.challenges = challenges;
  BuildOptions build;
  build.plan.augmentations = kAugmentations;
  ARCTRM_ASSIGN_OR_RETURN(const Dataset dataset, BuildDataset({source}, build));

  TrainRequest request;
  request.dataset = &dataset;
  ModelOptions& model = request.spec.model;
  model.hidden = 32;
  model.heads = 2;
  model.h_cycles = 1;
  model.l_cycles = 2;
  model.puzzle_prefix = 4;
  model.halt_max_steps = 2;
  model.canvas_side = dataset.canvas.side;
  TrainOptions& train = request.spec.train;
  train.batch = 16;
  train.learning_rate = 1e-3;
  train.warmup_steps = 5;
  train.ema = 0.9;
  request.spec.device = Device();
  request.spec.max_steps = kSteps;
  request.spec.out = checkpoint;
  request.hooks.on_step = [](const TrainStats& stats) {
    if (stats.step % 10 == 0) {
      std::fprintf(stderr, "step %lld  loss %.3f\n",
                   static_cast<long long>(stats.step), stats.loss);
    }
    return true;
  };
  return Train(request).status();
}

absl::Status Solve(const std::string& challenges_path,
                   const std::string& submission_path,
                   const std::string& checkpoint) {
  ARCTRM_ASSIGN_OR_RETURN(const TaskFiles files, ReadTasks(challenges_path));
  const ChallengeSet& challenges = files.challenges;
  if (!HasCheckpoint(checkpoint)) {
    ARCTRM_RETURN_IF_ERROR(TrainOn(challenges, checkpoint));
  }
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(checkpoint));
  PredictorOptions options;
  options.device = Device();
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<Predictor> predictor,
                          LoadPredictor(checkpoint, options));

  Ballots ballots;
  ARCTRM_ASSIGN_OR_RETURN(const VoteResult votes,
                          PredictVotes(*predictor, info.ids, challenges, {},
                                       /*on_batch=*/nullptr, ballots));
  std::fprintf(stderr, "%lld votes, %zu test inputs unknown to the network\n",
               static_cast<long long>(ballots.num_votes()),
               votes.without_views.size());
  return WriteSubmission(ChooseAttempts(ballots, challenges), challenges,
                         submission_path);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr,
                 "usage: embed_solve CHALLENGES SUBMISSION CHECKPOINT\n"
                 "built with arctrm %s\n",
                 ARCTRM_VERSION);
    return 2;
  }
  const absl::Status status = Solve(argv[1], argv[2], argv[3]);
  if (!status.ok()) {
    std::fprintf(stderr, "embed_solve: %s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}
