// SPDX-License-Identifier: MIT
#include "solver/options.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace arctrm {
namespace {

int SwiGluInner(double expansion, int width) {
  const int wanted = static_cast<int>(std::lround(expansion * width * 2 / 3));
  return (wanted + 255) / 256 * 256;
}

}  // namespace

Canvas ModelOptions::canvas() const {
  const absl::StatusOr<PuzzleKind> kind = ParsePuzzleKind(puzzle);
  ARCTRM_CHECK(kind.ok());  // the option allows only known kinds
  return {canvas_side, *kind};
}

int ModelOptions::inner() const { return SwiGluInner(expansion, hidden); }

int ModelOptions::mixer_inner() const {
  return SwiGluInner(expansion, num_positions());
}

int64_t ModelOptions::num_parameters() const {
  const int64_t d = hidden;
  const int64_t t = num_positions();
  const int64_t block =
      (mixer ? 3 * t * mixer_inner() : 4 * d * d) + 3 * d * inner();
  return (hrm() ? 2 : 1) * layers * block + 2 * vocabulary * d + 2 * d + 2 +
         (positions == "learned" ? t * d : 0);
}

absl::Status ModelOptions::Validate() const {
  if (!mixer && (hidden % heads != 0 || hidden / heads % 2 != 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.hidden = ", hidden, " and model.heads = ", heads,
                     ": hidden must be a multiple of heads, and hidden / heads "
                     "even (rotary positions rotate pairs)"));
  }
  if (mixer && positions == "rope") {
    return absl::InvalidArgumentError(
        "model.mixer has no attention for rotary positions; set "
        "model.positions = none, or learned");
  }
  if (!mixer && positions == "rope" && rope == "2d" &&
      hidden / heads % 4 != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "model.rope = 2d needs hidden / heads to be a multiple of 4, not ",
        hidden / heads));
  }
  if (vocabulary < Vocabulary(canvas().kind)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "model.vocabulary = ", vocabulary, ": the tokens of model.puzzle = ",
        puzzle, " need ", Vocabulary(canvas().kind)));
  }
  if (position_side < canvas_side) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.position_side = ", position_side,
                     " is less than model.canvas_side = ", canvas_side,
                     ", so cells would share positions; set it to "
                     "model.canvas_side or more"));
  }
  return absl::OkStatus();
}

ModelOptions TrainOptions::WithOverrides(ModelOptions model) const {
  if (h_cycles > 0) model.h_cycles = h_cycles;
  if (l_cycles > 0) model.l_cycles = l_cycles;
  if (halt_max_steps > 0) model.halt_max_steps = halt_max_steps;
  return model;
}

absl::Status TrainOptions::Validate() const {
  if (beta1 >= 1 || beta2 >= 1) {
    return absl::InvalidArgumentError(
        "train.beta1 and train.beta2 must be less than 1");
  }
  return absl::OkStatus();
}

void AddOptions(ModelOptions& o, OptionSet& set) {
  set.Add("model.arch", &o.arch,
          "trm: one network, or hrm: one for each of the two latents",
          {"trm", "hrm"});
  set.Add("model.mixer", &o.mixer,
          "mix tokens by an MLP over positions instead of attention");
  set.Add("model.hidden", &o.hidden, "width of the latent", 8, 16384);
  set.Add("model.heads", &o.heads, "attention heads", 1, 256);
  set.Add("model.layers", &o.layers, "blocks per network", 1, 64);
  set.Add("model.expansion", &o.expansion,
          "SwiGLU inner width: expansion * hidden * 2/3, up to a multiple of "
          "256",
          0.1, 64);
  set.Add("model.H_cycles", &o.h_cycles, "answer updates per supervision step",
          1, 64);
  set.Add("model.L_cycles", &o.l_cycles, "latent updates per answer update", 1,
          64);
  set.Add("model.puzzle_prefix", &o.puzzle_prefix,
          "positions before the canvas; the first holds the embedding row; 0: "
          "no embedding rows",
          0, 256);
  set.Add("model.positions", &o.positions, "rotary, learned or no positions",
          {"rope", "learned", "none"});
  set.Add("model.rope_theta", &o.rope_theta, "base of the rotary frequencies",
          1, 1e9);
  set.Add("model.rope", &o.rope,
          "rotary positions: 1d ids as published, or 2d rows and columns",
          {"1d", "2d"});
  set.Add("model.halt_max_steps", &o.halt_max_steps,
          "supervision steps at most", 1, 1024);
  set.Add("model.exploration", &o.exploration,
          "chance that a batch row must run a random minimum number of steps",
          0, 1);
  set.Add(
      "model.continue_head", &o.continue_head,
      "train a continue logit, and halt when the halting logit exceeds it, as "
      "in HRM");
  set.Add("model.puzzle", &o.puzzle, "meaning of the tokens",
          {"arc", "sudoku", "maze"});
  set.Add("model.vocabulary", &o.vocabulary, "token values", 2, 256);
  set.Add("model.canvas_side", &o.canvas_side, "side of the square canvas", 1,
          kMaxSide);
  set.Add("model.position_side", &o.position_side,
          "row stride of position ids; 30: as on the largest canvas", 1,
          kMaxSide);
}

void AddOptions(TrainOptions& o, OptionSet& set) {
  set.Add("train.batch", &o.batch, "batch rows of one optimiser step", 1,
          1 << 20);
  set.Add("train.learning_rate", &o.learning_rate, "AdamATan2 learning rate", 0,
          1);
  set.Add("train.puzzle_learning_rate", &o.puzzle_learning_rate,
          "sign-SGD learning rate of embedding rows", 0, 10);
  set.Add("train.beta1", &o.beta1, "decay of the first moment", 0, 1);
  set.Add("train.beta2", &o.beta2, "decay of the second moment", 0, 1);
  set.Add("train.weight_decay", &o.weight_decay, "decoupled weight decay", 0,
          100);
  set.Add("train.puzzle_weight_decay", &o.puzzle_weight_decay,
          "decoupled weight decay of embedding rows in the batch", 0, 100);
  set.Add("train.warmup_steps", &o.warmup_steps,
          "steps of the linear warm-up of both learning rates", 0, 10000000);
  set.Add("train.rows_only_share", &o.rows_only_share,
          "first share of the run in which only embedding rows learn", 0, 1);
  set.Add("train.decay_share", &o.decay_share,
          "last share of the run in which learning rates fall to zero", 0, 1);
  set.Add("train.ema", &o.ema, "decay of the averaged weights; 0: none", 0, 1);
  set.Add("train.loss", &o.loss, "cross-entropy per token",
          {"stablemax", "softmax"});
  set.Add("train.halt_loss_weight", &o.halt_loss_weight,
          "weight of the halting and the continue loss", 0, 100);
  set.Add("train.fit_canvas", &o.fit_canvas,
          "cut each canvas to the window of its task; auto: as in the starting "
          "checkpoint, else on",
          {"auto", "on", "off"});
  set.Add(
      "train.canvas_step", &o.canvas_step,
      "rows and columns of windows are multiples of it; 0: as in the starting "
      "checkpoint, else 1 on a CPU and by a measurement on a GPU",
      0, kMaxSide);
  set.Add("train.translate", &o.translate, "random offset on the canvas");
  set.Add("train.pairs_per_visit", &o.pairs_per_visit,
          "pairs that an augmentation contributes per draw; 0: all", 0,
          1 << 20);
  set.Add(
      "train.precision", &o.precision,
      "precision of the forward pass; float16 suits GPUs without bf16 matrix "
      "units, such as T4",
      {"auto", "float32", "bf16", "float16"});
  set.Add("train.checkpoint_interval_s", &o.checkpoint_interval_s,
          "seconds between checkpoints; 0: only at the end", 0, 1e7);
  set.Add("train.evaluate_interval_s", &o.evaluate_interval_s,
          "seconds between held-out evaluations", 0.1, 1e7);
  set.Add(
      "train.embedding_init", &o.embedding_init,
      "start of embedding rows that the starting checkpoint lacks: the mean "
      "of its rows, zero, or its best matching row",
      {"mean", "zero", "best_match"});
  set.AddAlias("train.new_rows", "train.embedding_init",
               {{"match", "best_match"}});
  set.Add("train.match_candidates", &o.match_candidates,
          "embedding rows that embedding_init = best_match tries; 0: all", 0,
          1 << 30);
  set.Add("train.match_share", &o.match_share,
          "share of the time that embedding_init = best_match may take", 0, 1);
  set.Add("train.H_cycles", &o.h_cycles,
          "overrides model.H_cycles, including a checkpoint's; 0 keeps it", 0,
          64);
  set.Add("train.L_cycles", &o.l_cycles,
          "overrides model.L_cycles, including a checkpoint's; 0 keeps it", 0,
          64);
  set.Add(
      "train.halt_max_steps", &o.halt_max_steps,
      "overrides model.halt_max_steps, including a checkpoint's; 0 keeps it", 0,
      1024);
  set.Add("train.curriculum_share", &o.curriculum_share,
          "first share of the run over which cycles grow from 1", 0, 1);
  set.Add("train.start_noise", &o.start_noise,
          "standard deviation of the noise on start states", 0, 10);
  set.Add("train.latent_noise", &o.latent_noise,
          "standard deviation of the noise on z before every step", 0, 10);
  set.Add("train.deterministic", &o.deterministic,
          "gives byte-identical results for any number of CPU threads");
  set.Add("train.kernels", &o.kernels,
          "fused kernels: auto uses those that pass a comparison on the device",
          {"auto", "plain", "fused"});
  set.Add("train.graphs", &o.graphs,
          "record steps as CUDA graphs and replay them; not yet run on a GPU",
          {"auto", "off", "on"});
  set.AddAlias("train.cuda_graphs", "train.graphs",
               {{"true", "on"}, {"false", "off"}});
}

namespace {

template <typename Options>
std::string DifferenceOf(Options& a, Options& b) {
  OptionSet set_a;
  OptionSet set_b;
  AddOptions(a, set_a);
  AddOptions(b, set_b);
  const auto items_a = set_a.Items();
  const auto items_b = set_b.Items();
  for (size_t i = 0; i < items_a.size(); ++i) {
    if (items_a[i].value != items_b[i].value) {
      return absl::StrCat(items_a[i].key, " is ", items_a[i].value,
                          " in the checkpoint and ", items_b[i].value, " here");
    }
  }
  return "";
}

}  // namespace

std::string FirstDifference(ModelOptions checkpoint, ModelOptions asked) {
  return DifferenceOf(checkpoint, asked);
}
std::string FirstDifference(TrainOptions checkpoint, TrainOptions asked) {
  return DifferenceOf(checkpoint, asked);
}

}  // namespace arctrm
