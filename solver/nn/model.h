// SPDX-License-Identifier: MIT
// The recursive models: parameters and one supervision step. TRM: arXiv
// 2510.04871, section 4, published models/recursive_reasoning/trm.py; HRM:
// arXiv 2506.21734, published models/hrm/hrm_act_v1.py.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arc/grid.h"
#include "base/random.h"
#include "solver/device/torch.h"
#include "solver/nn/linear.h"
#include "solver/options.h"

namespace arctrm::internal {

// TRM: one network. HRM: one for each latent.
enum class Arch { kTrm, kHrm };

// The latents between supervision steps, (B, T, D) in the forward dtype.
struct Latents {
  Tensor z_h;  // y, the answer
  Tensor z_l;  // z, the reasoning
};

// The windows of a batch on the canvas; all have one size.
struct Windows {
  GridSize size;  // 0 x 0: the whole canvas
  // (B, 2) int64: row and column of each window's first cell. Undefined: all
  // (0, 0).
  Tensor origins;
};

struct StepOutput {
  Latents latents;           // detached
  Tensor logits;             // (B, S, V) forward dtype; float32 for float16
  Tensor q_halt_logits;      // (B) float32
  Tensor q_continue_logits;  // (B) float32, trained with continue_head only
};

// Rough number of multiplications for one batch row of `cells` cells in one
// block of the network; used to divide work.
double RowCost(const ModelOptions& model, int64_t cells);

// Owns the parameters, float32 views of one flat buffer in a fixed order, so
// that optimiser and average update them in one pass.
class Model {
 public:
  // Draws initial weights from `random`. `forward_dtype`: float32, bf16 or
  // float16. With float16 both heads compute in float32, because their sums can
  // overflow.
  Model(const ModelOptions& options, at::Device device,
        at::ScalarType forward_dtype, Random& random);
  Model(Model&&) = default;

  // A model for another thread with the same parameters (shared memory) and its
  // own gradients.
  std::unique_ptr<Model> Replica() const;

  const ModelOptions& options() const { return options_; }
  at::Device device() const { return device_; }
  at::ScalarType dtype() const { return dtype_; }

  // Named as in the published state dict ("inner.L_level.layers.0…").
  const std::vector<std::pair<std::string, Tensor>>& parameters() const {
    return parameters_;
  }
  // All parameters as one vector, and all gradients as one vector.
  Tensor& flat() { return flat_; }
  const Tensor& flat() const { return flat_; }
  Tensor& flat_grad() { return flat_grad_; }
  const Tensor& flat_grad() const { return flat_grad_; }
  // The part of a vector with the layout of flat() that belongs to parameter
  // `i`.
  Tensor Part(const Tensor& flat, size_t i) const;

  // Sets the cycles of all later steps; initially those of the options.
  void SetCycles(int h_cycles, int l_cycles);

  // Sets the dtype of later forward passes and of the start states. Does not
  // affect replicas.
  void SetForwardDtype(at::ScalarType dtype);

  // Do backward passes compute gradients of the parameters? Initially on.
  void RequireGradients(bool on);

  // Start states (D), forward dtype; never trained.
  Tensor h_init;
  Tensor l_init;

  // The start states of a batch with windows of `cells` cells; 0: the whole
  // canvas.
  Latents StartLatents(int64_t batch, int64_t cells = 0) const;
  // Adds normal noise of standard deviation `std` to `latents`; equal seeds
  // give equal noise.
  static Tensor WithNoise(const Tensor& latents, double std, uint64_t seed);

  // One supervision step: H_cycles x (L_cycles x z = f(z + y + x); y = g(y +
  // z)). TRM: g = f, gradient through the last H cycle; HRM: gradient through
  // the last two updates. tokens (B, S) int64: the row-major cells of each
  // window, which keep their canvas positions (a mixer takes whole canvases
  // only). embedding_rows (B, D) float32; may require a gradient.
  StepOutput Step(const Latents& latents, const Tensor& tokens,
                  const Tensor& embedding_rows,
                  const Windows& windows = {}) const;

  // See RowCost().
  double RowCost(int64_t cells) const {
    return internal::RowCost(options_, cells);
  }

 private:
  struct Weight {
    Tensor value;
    PackedWeight packed;  // only during a step
  };
  struct Block {
    // Attention, or the MLP over positions.
    Weight mix_in, mix_out;
    Weight gate_up, down;
  };
  struct Recursion {
    Arch arch;
    int h_cycles;
    int l_cycles;
  };
  struct Embeddings {
    Tensor tokens;     // (V, D)
    Tensor positions;  // (T, D); undefined unless positions are learned
  };
  struct Heads {
    Tensor answer;    // (V, D)
    Tensor q_weight;  // (2, D): halt, continue
    Tensor q_bias;    // (2)
  };
  struct RotaryTable {
    Tensor cos, sin;  // (T, head_dim / 2) float32; undefined for mixers
  };
  Model(const Model&) = default;  // shares even gradients; see Replica
  // Tables of the prefix and of the cells at their places on a canvas of
  // position_side. All angles are 0 unless positions are rotary.
  static RotaryTable MakeRotaryTable(const ModelOptions& options);
  // Makes the parameters views of flat_, with gradients in a new flat_grad_.
  void BindParameters();
  // `weight` in the forward dtype.
  Tensor Cast(const Tensor& weight) const;
  // Casts, or packs for Linear, all weights of a level.
  std::vector<Block> CastBlocks(const std::vector<Block>& level) const;
  std::vector<Block> PackBlocks(const std::vector<Block>& level) const;
  static Tensor Apply(const Tensor& x, const Weight& weight);
  // The forward dtype; float32 instead of float16.
  at::ScalarType HeadDtype() const;
  // sqrt(D) * [embedding row, zeros | token embeddings] -> (B*T, D), plus
  // learned positions.
  Tensor Embed(const Tensor& tokens, const Tensor& embedding_rows,
               const Tensor& positions) const;
  // The batch of a step, with the rotary table of its windows: (T, head_dim /
  // 2), or (B, T, head_dim / 2).
  struct Layout {
    int64_t batch;
    RotaryTable rotary;
  };
  // Indices of prefix and cells among num_positions(): (T) int64, or (B, T)
  // with origins; undefined for the whole canvas.
  Tensor PositionIndex(const Windows& windows) const;
  Tensor Attend(const Tensor& h, const Block& block,
                const Layout& layout) const;
  Tensor MixPositions(const Tensor& h, const Block& block, int64_t batch) const;
  // Passes x + y (B*T, D) through the blocks.
  Tensor Net(const Tensor& x, const Tensor& y, const Layout& layout,
             const std::vector<Block>& blocks) const;

  ModelOptions options_;
  Recursion recursion_;
  at::Device device_;
  at::ScalarType dtype_;
  Tensor flat_;
  Tensor flat_grad_;
  std::vector<std::pair<std::string, Tensor>> parameters_;
  std::vector<int64_t> starts_;  // of the parameters in flat_, and its end
  Embeddings embeddings_;
  Heads heads_;
  std::vector<Block> l_blocks_, h_blocks_;  // TRM: equal
  RotaryTable rotary_;
};

// Fills with a normal distribution truncated at two standard deviations and
// scaled to standard deviation `std` (TRM models/common.py trunc_normal_init_).
void FillTruncatedNormal(Tensor& cpu_float, double std, Random& random);

}  // namespace arctrm::internal
