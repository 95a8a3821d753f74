// SPDX-License-Identifier: MIT
// What a model is and how it is trained: plain structs, one description per
// field (AddOptions) that feeds the command line, recipe files, help and the
// echo in checkpoint and report.
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
  // Tokens are mixed by a SwiGLU over the positions instead of by attention
  // (published mlp_t; TRM's choice for Sudoku). Needs no positions.
  bool mixer = false;
  int hidden = 512;      // D, width of the latent
  int heads = 8;         // attention heads; hidden / heads must be even
  int layers = 2;        // blocks of a network (HRM: of each)
  double expansion = 4;  // SwiGLU inner = ceil256(round(expansion*D*2/3))
  int h_cycles = 3;      // updates of y per supervision step
  int l_cycles = 4;      // updates of z per update of y
  // Positions the puzzle embedding takes (HRM: 1); 0: there is none.
  int puzzle_prefix = 16;
  // "rope": rotary; "learned": a vector per position, added to the input;
  // "none".
  std::string positions = "rope";
  double rope_theta = 1e4;  // base of the rotary frequencies
  // "1d": one position id per cell (published). "2d": half of each head's
  // rotary pairs turn with the row, half with the column; the prefix is row 0.
  // Differs from TRM: an option of ours.
  std::string rope = "1d";
  int halt_max_steps = 16;   // supervision steps at most
  double exploration = 0.1;  // chance of a minimum number of steps
  // Halts when the halting logit exceeds the continue logit, which is trained
  // on the value of one more step (Q-learning; HRM, section "Adaptive
  // computational time"; published TRM: no_ACT_continue = false). Costs another
  // forward pass.
  bool continue_head = false;
  std::string puzzle = "arc";  // what the tokens mean: arc, sudoku, maze
  int vocabulary = Vocabulary(PuzzleKind::kArc);
  int canvas_side = kMaxSide;    // tokens are canvas_side^2
  int position_side = kMaxSide;  // cell (r, c) has position r*position_side+c

  Canvas canvas() const;
  // SwiGLU inner width over features, and over positions (mixer).
  int inner() const;
  int mixer_inner() const;
  bool hrm() const { return arch == "hrm"; }
  int num_cells() const { return canvas_side * canvas_side; }
  // T: prefix and canvas.
  int num_positions() const { return puzzle_prefix + num_cells(); }
  // Numbers in the network, the puzzle table not counted.
  int64_t num_parameters() const;
  // Fields that don't fit each other.
  absl::Status Validate() const;
  friend bool operator==(const ModelOptions&, const ModelOptions&) = default;
};

struct TrainOptions {
  int batch = 768;                     // rows of one optimiser step
  double learning_rate = 1e-4;         // AdamATan2
  double puzzle_learning_rate = 1e-2;  // sign-SGD on embedding rows
  double beta1 = 0.9;
  double beta2 = 0.95;
  double weight_decay = 0.1;         // decoupled, every parameter
  double puzzle_weight_decay = 0.1;  // decoupled, rows of the batch
  int warmup_steps = 2000;           // linear, both learning rates
  // First share of the run (of its steps or of its time) in which only the
  // embedding rows learn; the network's own warm-up begins after it (as Trelis
  // fine-tuned for ARC Prize 2025).
  double rows_only_share = 0;
  // Last share of the run over which both learning rates fall linearly to zero.
  // Differs from TRM: there they stay; 0 does that.
  double decay_share = 0;
  double ema = 0.999;  // 0: evaluate the raw weights
  // Per token: "stablemax" in float64 (published) or "softmax" in float32.
  std::string loss = "stablemax";
  double halt_loss_weight = 0.5;  // of the halting and the continue loss
  // Cuts each task's canvas to what it needs (TaskWindow, in steps of
  // canvas_step cells): less work, and fewer PAD cells for the others to attend
  // to; every cell keeps its position. Of a checkpoint its predictions too.
  // "auto": as the starting checkpoint was trained; from nothing on, but for
  // mixers and puzzles. Differs from TRM: off is published.
  std::string fit_canvas = "auto";
  // 0: as the starting checkpoint was trained; from nothing 1 on a CPU, on a
  // GPU 4, so that many rows have the same size.
  int canvas_step = 0;
  bool translate = true;  // random offset, but one view in `untranslated`
  // Pairs a copy contributes each time it is drawn; 0: all (published). Tasks
  // of dozens of pairs would fill whole batches otherwise.
  int pairs_per_visit = 0;
  // "float32", "bf16", or "float16" with loss scaling, for GPUs without bf16
  // matrix units. auto: float32 on a CPU; on CUDA bf16 from compute capability
  // 8.0 on, else float16 or float32, whichever a short measurement shows
  // faster.
  std::string precision = "auto";
  double checkpoint_interval_s = 120;  // seconds between saves; 0: at the end
  double evaluate_interval_s = 60;     // between tries of what is held out
  // Embedding rows of tasks the starting checkpoint doesn't know: "mean" of its
  // rows (NVARC), "zero" as in training from nothing, or "match": of its rows
  // the one with the least loss on the copy's own training pairs. Matching
  // tries match_candidates rows, evenly spaced over the checkpoint's (0: all),
  // and takes at most match_share of a run's time; copies it doesn't reach
  // start from the row of their task.
  std::string new_rows = "mean";
  int match_candidates = 100;
  double match_share = 0.15;
  // In place of the model's own, those of a starting checkpoint included: what
  // may change without changing a weight. 0: the model's.
  int h_cycles = 0;
  int l_cycles = 0;
  int halt_max_steps = 0;
  // First share of the run over which both numbers of cycles grow from 1 to the
  // model's (CGAR, arXiv 2511.08653, in finer steps). Differs from TRM: 0 is
  // published.
  double curriculum_share = 0;
  // Standard deviations of normal noise: on both start states of every example,
  // another draw per position (EqR), and on z before every supervision step.
  // Differs from TRM: 0 is published.
  double start_noise = 0;
  double latent_noise = 0;
  // The same bytes whatever the number of CPU threads: the batch is always cut
  // in the same slices, each on one thread. On CUDA, operations that could
  // differ from run to run are errors. Without it bytes repeat on one machine
  // with one number of threads.
  bool deterministic = false;
  // On CUDA: the forward and backward pass of rows with canvases of one size is
  // recorded as a CUDA graph where such a group comes the second time, and then
  // started as a whole. Groups are filled up with rows that count nothing, so
  // that few graphs do, 128 at most; other groups go without, and so does all
  // training from there on where a recording fails, with a warning. Rounding
  // differs from steps that are not recorded (also after a resume, which
  // records anew), and memory is held twice over. Needs a build with
  // -DARCTRM_CUDA_KERNELS=ON; refused on a CPU. Not run on a GPU yet.
  bool cuda_graphs = false;

  // Step of fitted canvases; 0: whole ones, as with "auto", which is what
  // checkpoints from before it say.
  int FittedStep() const {
    return fit_canvas == "on" ? std::max(1, canvas_step) : 0;
  }
  // `model` with the cycles and steps asked for here.
  ModelOptions WithOverrides(ModelOptions model) const;
  absl::Status Validate() const;
  friend bool operator==(const TrainOptions&, const TrainOptions&) = default;
};

// Keys "model.hidden", "model.H_cycles", "train.learning_rate" …. The structs
// must outlive `set`.
void AddOptions(ModelOptions& options, OptionSet& set);
void AddOptions(TrainOptions& options, OptionSet& set);

// The first setting in which a checkpoint's options differ from those asked
// for, with both values; "" for none.
std::string FirstDifference(ModelOptions checkpoint, ModelOptions asked);
std::string FirstDifference(TrainOptions checkpoint, TrainOptions asked);

}  // namespace arctrm
