// SPDX-License-Identifier: MIT
// Deep supervision: carried state, halting, and the loss head (TRM paper,
// section 3 and 4; published models/losses.py ACTLossHead, the same in HRM).
#pragma once

#include "solver/device/torch.h"
#include "solver/nn/model.h"

namespace arctrm::internal {

inline constexpr int64_t kIgnoredLabel = -100;

struct Batch {
  Tensor tokens;         // (B, S) int64
  Tensor labels;         // (B, S) int64, kIgnoredLabel where there is none
  Tensor embedding_ids;  // (B) int64
  Windows windows = {};  // Model::Step's. AdmitBatch leaves it.
  // (B) float32: 1, or 0 for rows that only fill the batch up. These must have
  // no labels; they add nothing to losses, sums and gradients. Undefined: none
  // does. AdmitBatch leaves it.
  Tensor real = {};
};

struct Carry {
  Latents latents;
  Tensor steps;   // (B) int64
  Tensor halted;  // (B) bool: takes its place in the next batch
  Batch current;
};

// All rows halted, nothing else defined: the first batch fills it.
Carry InitialCarry(const Model& model, const Batch& like);

// Rows that halted take their row of `fresh` and restart from the start states
// with step 0; the others keep everything.
void AdmitBatch(const Model& model, const Batch& fresh, Carry& carry);

// Which rows halt after this step: in their last one, or in training when they
// want to, but not before `min_steps`. steps (B) int64 after the increment;
// wants_to (B) bool; min_steps (B) int64, undefined for none.
Tensor HaltedAfter(const Tensor& steps, const Tensor& wants_to,
                   int halt_max_steps, bool training, const Tensor& min_steps);

// Does a row want to halt? TRM: halting logit > 0; with a continue head:
// halting logit > continue logit. (B) bool.
Tensor WantsToHalt(const ModelOptions& options, const StepOutput& output);

// Loss per token, (B, S), 0 where the label is negative: train.loss. float64
// for stablemax, float32 for softmax.
Tensor TokenLoss(const TrainOptions& options, const Tensor& logits,
                 const Tensor& labels);

struct LossOutput {
  // [] float64: lm_loss + weight * (q_halt_loss + q_continue_loss), summed over
  // rows, not divided by the batch.
  Tensor loss;
  Tensor lm_loss;          // [] float64
  Tensor q_halt_loss;      // [] float32
  Tensor q_continue_loss;  // [] float32; 0 without a continue head
  Tensor predictions;      // (B, S) int64, first maximum
  // Sums over rows that halted and have a label; all [] float64.
  Tensor count, accuracy, exact_accuracy, q_halt_accuracy, steps;
};

// steps, halted: after the step. continue_target (B) float32, what the continue
// head is to say; undefined: it is not trained. real: Batch's.
LossOutput ComputeLoss(const StepOutput& output, const Tensor& labels,
                       const Tensor& steps, const Tensor& halted,
                       const Tensor& continue_target,
                       const TrainOptions& options, const Tensor& real = {});

// One supervision step of training or evaluation: forward, steps += 1, halting,
// loss. Call AdmitBatch before. `embedding_rows` (B, D).
struct ActOutput {
  StepOutput step;
  Tensor continue_target;  // as ComputeLoss takes it
  LossOutput loss;
};
ActOutput ActStep(const Model& model, const Tensor& embedding_rows,
                  bool training, const Tensor& min_steps,
                  const TrainOptions& options, Carry& carry);

}  // namespace arctrm::internal
