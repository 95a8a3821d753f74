// SPDX-License-Identifier: MIT
// Deep supervision: carried state, halting, and the loss head (TRM paper,
// section 3 and 4; published models/losses.py ACTLossHead).
#pragma once

#include "solver/internal/torch.h"
#include "solver/internal/trm.h"

namespace arctrm::internal {

inline constexpr int64_t kIgnoredLabel = -100;

struct Batch {
  Tensor tokens;      // (B, S) int64
  Tensor labels;      // (B, S) int64, kIgnoredLabel where there is none
  Tensor puzzle_ids;  // (B) int64
};

struct Carry {
  Latents latents;
  Tensor steps;   // (B) int64
  Tensor halted;  // (B) bool: takes its place in the next batch
  Batch current;
};

// All rows halted, nothing else defined: the first batch fills it.
Carry InitialCarry(const Trm& model, const Batch& like);

// Rows that halted take their row of `fresh` and restart from the start states
// with step 0; the others keep everything.
void AdmitBatch(const Trm& model, const Batch& fresh, Carry& carry);

// Which rows halt after this step (TRM: last step, or halting logit > 0, but
// not before `min_steps`). steps (B) int64 after the increment; min_steps (B)
// int64, undefined for none.
Tensor HaltedAfter(const Tensor& steps, const Tensor& q_halt_logits,
                   int halt_max_steps, bool training, const Tensor& min_steps);

struct LossOutput {
  Tensor loss;         // [] float64: lm_loss + weight * q_halt_loss, summed
                       // over rows, not divided by the batch
  Tensor lm_loss;      // [] float64
  Tensor q_halt_loss;  // [] float32
  Tensor predictions;  // (B, S) int64, first maximum
  // Sums over rows that halted and have a label; all [] float64.
  Tensor count, accuracy, exact_accuracy, q_halt_accuracy, steps;
};

// steps, halted: after the step.
LossOutput ComputeLoss(const StepOutput& output, const Tensor& labels,
                       const Tensor& steps, const Tensor& halted,
                       double halt_loss_weight);

// One supervision step of training or evaluation: forward, steps += 1, halting,
// loss. Call AdmitBatch before. `puzzle_rows` (B, D).
struct ActOutput {
  StepOutput step;
  LossOutput loss;
};
ActOutput ActStep(const Trm& model, const Tensor& puzzle_rows, bool training,
                  const Tensor& min_steps, double halt_loss_weight,
                  Carry& carry);

}  // namespace arctrm::internal
