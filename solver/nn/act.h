// SPDX-License-Identifier: MIT
// Deep supervision: carry, halting and losses (TRM paper,
// sections 3 and 4; published models/losses.py ACTLossHead, the same in HRM).
#pragma once

#include "solver/device/torch.h"
#include "solver/nn/model.h"

namespace arctrm::internal {

inline constexpr int64_t kIgnoredLabel = -100;

struct Batch {
  Tensor tokens;         // (B, S) int64
  Tensor labels;         // (B, S) int64; kIgnoredLabel: no label
  Tensor embedding_ids;  // (B) int64
  Windows windows = {};  // as for Model::Step; AdmitBatch keeps them
  // (B) float32: 1, or 0 for padding rows. These must have no labels, and add
  // nothing to losses, metrics and gradients. Undefined: no padding rows.
  // AdmitBatch keeps it.
  Tensor row_mask = {};
};

struct Carry {
  Latents latents;
  Tensor steps;   // (B) int64
  Tensor halted;  // (B) bool: replaced by the next AdmitBatch
  Batch current;
};

// A carry whose batch rows all halted, so that the first AdmitBatch replaces
// them.
Carry InitialCarry(const Model& model, const Batch& like);

// Replaces halted batch rows by those of `fresh`, with start states and step 0.
void AdmitBatch(const Model& model, const Batch& fresh, Carry& carry);

// (B) bool: batch rows that halt after this step. They halt in their last step;
// in training also when `wants_to` is set and min_steps is reached. steps (B)
// int64 after the increment; wants_to (B) bool; min_steps (B) int64, undefined:
// none.
Tensor HaltedAfter(const Tensor& steps, const Tensor& wants_to,
                   int halt_max_steps, bool training, const Tensor& min_steps);

// (B) bool: halting logit > 0 (TRM), or with a continue head halting logit >
// continue logit.
Tensor WantsToHalt(const ModelOptions& options, const StepOutput& output);

enum class LossKind { kStablemax, kSoftmax };
// The loss settings of a training, with train.loss parsed.
struct LossOptions {
  LossOptions() = default;
  // train.loss must be one of the values that its setting allows.
  explicit LossOptions(const TrainOptions& train);

  LossKind kind = LossKind::kStablemax;
  double halt_weight = 0.5;  // of the halting and the continue loss
};

// Loss per token, (B, S): float64 for stablemax, float32 for softmax. 0 for
// negative labels.
Tensor TokenLoss(LossKind kind, const Tensor& logits, const Tensor& labels);

struct LossOutput {
  // [] float64: lm_loss + weight * (q_halt_loss + q_continue_loss), summed over
  // batch rows.
  Tensor loss;
  Tensor lm_loss;          // [] float64
  Tensor q_halt_loss;      // [] float32
  Tensor q_continue_loss;  // [] float32; 0 without a continue head
  Tensor predictions;      // (B, S) int64, first maximum
  // Sums over batch rows that halted and have a label; all [] float64.
  Tensor count, accuracy, exact_accuracy, q_halt_accuracy, steps;
};

// steps, halted: after the step. continue_target (B) float32: the target of the
// continue head; undefined: not trained. row_mask as in Batch.
LossOutput ComputeLoss(const StepOutput& output, const Tensor& labels,
                       const Tensor& steps, const Tensor& halted,
                       const Tensor& continue_target,
                       const LossOptions& options, const Tensor& row_mask = {});

// One supervision step of training or evaluation: forward, steps += 1, halting,
// loss. Call AdmitBatch before. `embedding_rows` (B, D).
struct ActOutput {
  StepOutput step;
  Tensor continue_target;  // as for ComputeLoss
  LossOutput loss;
};
ActOutput ActStep(const Model& model, const Tensor& embedding_rows,
                  bool training, const Tensor& min_steps,
                  const LossOptions& options, Carry& carry);

}  // namespace arctrm::internal
