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

// The two latents between supervision steps, (B, T, D) in the forward dtype.
struct Latents {
  Tensor z_h;  // y, the answer
  Tensor z_l;  // z, the reasoning
};

// Where the rows of a batch stand on the canvas: all have windows of one size.
struct Windows {
  GridSize size;  // 0 x 0: the whole canvas
  // (B, 2) int64: row and column of each window's first cell. Undefined: (0,
  // 0).
  Tensor origins;
};

struct StepOutput {
  Latents latents;           // detached
  Tensor logits;             // (B, S, V) forward dtype; float16: float32
  Tensor q_halt_logits;      // (B) float32
  Tensor q_continue_logits;  // (B) float32, trained with continue_head only
};

// Owns the parameters: float32 views of one flat buffer, in a fixed order, so
// that the optimiser and the averages are single passes.
class Model {
 public:
  // Initial weights from `random`. `forward_dtype` float32, bf16 or float16.
  // With float16 the two heads stay float32: their sums may leave its range.
  Model(const ModelOptions& options, at::Device device,
        at::ScalarType forward_dtype, Random& random);
  Model(Model&&) = default;

  // The same parameters (shared memory) with gradients of their own, for
  // another thread.
  std::unique_ptr<Model> Replica() const;

  const ModelOptions& options() const { return options_; }
  at::Device device() const { return device_; }
  at::ScalarType dtype() const { return dtype_; }

  // Named as in the published state dict ("inner.L_level.layers.0…").
  const std::vector<std::pair<std::string, Tensor>>& parameters() const {
    return parameters_;
  }
  // All parameters, and their gradients, as one vector each.
  Tensor& flat() { return flat_; }
  const Tensor& flat() const { return flat_; }
  Tensor& flat_grad() { return flat_grad_; }
  const Tensor& flat_grad() const { return flat_grad_; }
  // The part of a vector laid out like flat() that belongs to parameter `i`.
  Tensor Part(const Tensor& flat, size_t i) const;

  // Cycles of every Step from here on; the options' at first.
  void SetCycles(int h_cycles, int l_cycles);

  // Forward passes in `dtype` from here on, start states included. Replicas are
  // told apart from it.
  void SetForwardDtype(at::ScalarType dtype);

  // Whether backward passes reach the parameters (they do at first).
  void RequireGradients(bool on);

  // Start states (D), forward dtype; never trained.
  Tensor h_init;
  Tensor l_init;

  // Of rows with windows of `cells`; 0: with the whole canvas.
  Latents StartLatents(int64_t batch, int64_t cells = 0) const;
  // `latents` with normal noise of standard deviation `std` added; the same
  // seed adds the same.
  static Tensor WithNoise(const Tensor& latents, double std, uint64_t seed);

  // One supervision step: H_cycles x (L_cycles x z = f(z + y + x); y = g(y +
  // z)). TRM: g = f, gradient through the last H cycle; HRM: gradient through
  // the last two updates. tokens (B, S) int64, the cells of each window by
  // rows, which keep the positions that they have on the canvas (with a mixer
  // only the whole one); embedding_rows (B, D) float32 (may require a
  // gradient).
  StepOutput Step(const Latents& latents, const Tensor& tokens,
                  const Tensor& embedding_rows,
                  const Windows& windows = {}) const;

  // Rough operations of one row of so many cells in one pass of the network,
  // for dividing work.
  double RowCost(int64_t cells) const;

 private:
  struct Weight {
    Tensor value;
    PackedWeight panels;  // within a step alone
  };
  struct Block {
    // Of attention, or of the MLP over positions.
    Weight mix_in, mix_out;
    Weight gate_up, down;
  };
  Model(const Model&) = default;  // shares even the gradients: see Replica
  // Makes the parameters as views of flat_, with gradients in a new flat_grad_.
  void BindParameters();
  // Weights cast to the forward dtype.
  Tensor Cast(const Tensor& weight) const;
  // The same for a level, and what Linear wants beside them.
  std::vector<Block> CastBlocks(const std::vector<Block>& level) const;
  std::vector<Block> PackBlocks(const std::vector<Block>& level) const;
  static Tensor Apply(const Tensor& x, const Weight& weight);
  // float32 where the forward dtype is float16.
  at::ScalarType HeadDtype() const;
  // sqrt(D) * [puzzle row, zeros | token embeddings] -> (B*T, D), positions
  // added where they are learned.
  Tensor Embed(const Tensor& tokens, const Tensor& embedding_rows,
               const Tensor& positions) const;
  // What a step's rows look like.
  struct Layout {
    int64_t batch;
    Tensor cos, sin;  // (T, head_dim / 2), or (B, T, head_dim / 2)
  };
  // Where the prefix and the cells stand among num_positions(): (T) int64, or
  // (B, T) with origins; undefined for the whole canvas.
  Tensor PositionIndex(const Windows& windows) const;
  Tensor Attend(const Tensor& h, const Block& block,
                const Layout& layout) const;
  Tensor MixPositions(const Tensor& h, const Block& block, int64_t batch) const;
  // f: h (B*T, D) = x + y through the blocks.
  Tensor Net(const Tensor& x, const Tensor& y, const Layout& layout,
             const std::vector<Block>& blocks) const;

  ModelOptions options_;
  int h_cycles_, l_cycles_;
  at::Device device_;
  at::ScalarType dtype_;
  Tensor flat_;
  Tensor flat_grad_;
  std::vector<std::pair<std::string, Tensor>> parameters_;
  std::vector<int64_t> starts_;
  Tensor embed_tokens_, lm_head_, q_weight_, q_bias_;
  Tensor embed_positions_;                  // (T, D), undefined unless learned
  std::vector<Block> l_blocks_, h_blocks_;  // TRM: the same
  Tensor cos_, sin_;                        // (T, head_dim / 2) float32
};

// Truncated normal (two standard deviations, corrected so that the result has
// standard deviation `std`; TRM models/common.py trunc_normal_init_).
void FillTruncatedNormal(Tensor& cpu_float, double std, Random& random);

}  // namespace arctrm::internal
