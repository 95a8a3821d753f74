// SPDX-License-Identifier: MIT
// Settings of a model and of its training: plain structs. AddOptions describes
// each field once for the command line, recipes, help, checkpoints and reports.
// Sources: TRM = arXiv 2510.04871, HRM = arXiv 2506.21734, and their published
// code.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "augment/canvas.h"
#include "base/options.h"

namespace arctrm {

struct ModelOptions {
  // "trm": one network for both latents, gradient through the last H cycle.
  // "hrm": a network for each, gradient through the last update of each.
  std::string arch = "trm";
  // Mixes tokens by a SwiGLU over the positions instead of attention (published
  // mlp_t; TRM's choice for Sudoku). Works without positions.
  bool mixer = false;
  int hidden = 512;      // D, width of the latent
  int heads = 8;         // attention heads; hidden / heads must be even
  int layers = 2;        // blocks per network
  double expansion = 4;  // SwiGLU inner = ceil256(round(expansion*D*2/3))
  int h_cycles = 3;      // updates of y per supervision step
  int l_cycles = 4;      // updates of z per update of y
  // Positions of the embedding row (HRM: 1); 0: no embedding rows.
  int puzzle_prefix = 16;
  // "rope": rotary; "learned": a vector per position, added to the input;
  // "none".
  std::string positions = "rope";
  double rope_theta = 1e4;  // base of the rotary frequencies
  // "1d": one position id per cell (published). "2d": half of each head's
  // rotary pairs turn with the row, half with the column; the prefix is row 0.
  // Differs from TRM: not published.
  std::string rope = "1d";
  int halt_max_steps = 16;   // supervision steps at most
  double exploration = 0.1;  // chance of a minimum number of steps
  // Halts when the halting logit exceeds the continue logit. Training fits the
  // continue logit to the value of one more step (Q-learning; HRM, section
  // "Adaptive computational time"; published TRM: no_ACT_continue = false),
  // which costs another forward pass.
  bool continue_head = false;
  std::string puzzle = "arc";  // meaning of the tokens: arc, sudoku, maze
  int vocabulary = Vocabulary(PuzzleKind::kArc);
  int canvas_side = kMaxSide;    // a canvas has canvas_side^2 tokens
  int position_side = kMaxSide;  // cell (r, c) has position r*position_side+c

  Canvas canvas() const;
  // SwiGLU inner width over features, and over positions (mixer).
  int inner() const;
  int mixer_inner() const;
  bool hrm() const { return arch == "hrm"; }
  int num_cells() const { return canvas_side * canvas_side; }
  // T: prefix and canvas.
  int num_positions() const { return puzzle_prefix + num_cells(); }
  // Weights of the network, without embedding rows.
  int64_t num_parameters() const;
  // InvalidArgument for fields that contradict each other.
  absl::Status Validate() const;
  friend bool operator==(const ModelOptions&, const ModelOptions&) = default;
};

struct TrainOptions {
  int batch = 768;                     // batch rows of one optimiser step
  double learning_rate = 1e-4;         // AdamATan2
  double puzzle_learning_rate = 1e-2;  // sign-SGD on embedding rows
  double beta1 = 0.9;
  double beta2 = 0.95;
  double weight_decay = 0.1;         // decoupled, every parameter
  double puzzle_weight_decay = 0.1;  // decoupled, embedding rows in the batch
  int warmup_steps = 2000;           // linear, both learning rates
  // First share of the run (of its steps or its time) in which only embedding
  // rows learn; the warm-up of the network follows (Trelis, ARC Prize 2025).
  double rows_only_share = 0;
  // Last share of the run over which both learning rates fall linearly to zero.
  // Differs from TRM: 0 (constant rates) is published.
  double decay_share = 0;
  double ema = 0.999;  // 0: evaluate the raw weights
  // Per token: "stablemax" in float64 (published) or "softmax" in float32.
  std::string loss = "stablemax";
  double halt_loss_weight = 0.5;  // of the halting and the continue loss
  // Cuts each canvas to the window of its task (TaskWindow, in steps of
  // canvas_step cells): less work and fewer padding cells; every cell keeps its
  // position. Predictions of a checkpoint follow its setting. "auto": as the
  // starting checkpoint was trained; without one "on", except for mixers and
  // puzzles. Differs from TRM: "off" is published.
  std::string fit_canvas = "auto";
  // 0: as the starting checkpoint was trained; without one 1 on a CPU. On a GPU
  // rank 0 measures what a size bucket costs and chooses the step with the
  // least expected time, which may differ between two trainings.
  int canvas_step = 0;
  bool translate = true;  // random offsets, except one pair per augmentation
  // Pairs that an augmentation contributes per draw; 0: all (published). A
  // limit keeps a task with dozens of pairs from filling whole batches.
  int pairs_per_visit = 0;
  // "float32", "bf16", or "float16" with loss scaling, for GPUs without bf16
  // matrix units. auto: float32 on a CPU; on CUDA bf16 from compute capability
  // 8.0, else the faster of float16 and float32 by a short measurement.
  std::string precision = "auto";
  double checkpoint_interval_s = 120;  // seconds between saves; 0: at the end
  double evaluate_interval_s = 60;     // seconds between held-out evaluations
  // The start of embedding rows that the starting checkpoint lacks: the "mean"
  // of its rows (NVARC), "zero" as in training from scratch, or
  // "best_match": the row of the checkpoint with the least loss on the
  // demonstration pairs under their augmentation. The search tries
  // match_candidates rows, evenly spaced over the checkpoint (0: all), and
  // takes at most match_share of the run's time. Augmentations that it does not
  // reach start from the first row of their task.
  std::string embedding_init = "mean";
  int match_candidates = 100;
  double match_share = 0.15;
  // Override ModelOptions, including a starting checkpoint's; 0 keeps them. All
  // weights fit any value.
  int h_cycles = 0;
  int l_cycles = 0;
  int halt_max_steps = 0;
  // First share of the run over which both cycle counts grow from 1 to those of
  // the model (CGAR, arXiv 2511.08653, in finer steps). Differs from TRM: 0 is
  // published.
  double curriculum_share = 0;
  // Standard deviations of normal noise: on both start states of each example,
  // drawn per position (EqR), and on z before every supervision step. Differs
  // from TRM: 0 is published.
  double start_noise = 0;
  double latent_noise = 0;
  // Gives byte-identical results for any number of CPU threads: the batch is
  // always divided into the same slices, each computed by one thread. On CUDA,
  // nondeterministic operations are errors. Without it, results repeat on one
  // machine with the same number of threads.
  bool deterministic = false;
  // Fused kernels instead of LibTorch's operations. "auto": on a CPU all; on
  // CUDA those that compile, agree with the plain operations on this device and
  // are faster there. "plain": none. "fused": all; on CUDA an error if they do
  // not compile. Not yet run on a GPU.
  std::string kernels = "auto";
  // On CUDA: records the forward and backward pass of a size bucket as a CUDA
  // graph the second time it occurs, and replays it later. Buckets are padded
  // with masked rows, so that at most 128 graphs suffice; other buckets run
  // without a graph. "auto": on CUDA, if the first recording computes what the
  // plain step computes and takes less time. "on": an error on a CPU. After a
  // failed recording or without the memory for one, training continues without
  // graphs. Rounding differs from unrecorded steps (also after a resume, which
  // records again). Not yet run on a GPU.
  std::string graphs = "auto";

  // Step of the windows; 0: whole canvases. "auto" counts as off, because
  // checkpoints from before the option say "auto".
  int FittedStep() const {
    return fit_canvas == "on" ? std::max(1, canvas_step) : 0;
  }
  // `model` with the cycles and steps of these options.
  ModelOptions WithOverrides(ModelOptions model) const;
  absl::Status Validate() const;
  friend bool operator==(const TrainOptions&, const TrainOptions&) = default;
};

// Adds keys such as "model.hidden", "model.H_cycles" and "train.learning_rate".
// The structs must outlive `set`.
void AddOptions(ModelOptions& options, OptionSet& set);
void AddOptions(TrainOptions& options, OptionSet& set);

// The first setting that differs between a checkpoint and a request, with both
// values; "" if all are equal.
std::string FirstDifference(ModelOptions checkpoint, ModelOptions asked);
std::string FirstDifference(TrainOptions checkpoint, TrainOptions asked);

}  // namespace arctrm
