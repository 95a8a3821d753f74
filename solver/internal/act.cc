// SPDX-License-Identifier: MIT
#include "solver/internal/act.h"

#include "solver/internal/ops.h"

namespace arctrm::internal {

Carry InitialCarry(const Trm& model, const Batch& like) {
  const int64_t batch = like.tokens.size(0);
  Carry carry;
  carry.latents = model.StartLatents(batch);
  carry.steps = at::zeros({batch}, like.puzzle_ids.options());
  carry.halted = at::ones({batch}, like.puzzle_ids.options().dtype(at::kBool));
  carry.current = {at::zeros_like(like.tokens), at::zeros_like(like.labels),
                   at::zeros_like(like.puzzle_ids)};
  return carry;
}

void AdmitBatch(const Trm& model, const Batch& fresh, Carry& carry) {
  const Tensor& halted = carry.halted;
  const Tensor by_row = halted.view({-1, 1});
  const Tensor by_latent = halted.view({-1, 1, 1});
  carry.latents.z_h = at::where(by_latent, model.h_init, carry.latents.z_h);
  carry.latents.z_l = at::where(by_latent, model.l_init, carry.latents.z_l);
  carry.steps =
      at::where(halted, at::zeros({}, carry.steps.options()), carry.steps);
  Batch& current = carry.current;
  current.tokens = at::where(by_row, fresh.tokens, current.tokens);
  current.labels = at::where(by_row, fresh.labels, current.labels);
  current.puzzle_ids = at::where(halted, fresh.puzzle_ids, current.puzzle_ids);
}

Tensor HaltedAfter(const Tensor& steps, const Tensor& q_halt_logits,
                   int halt_max_steps, bool training, const Tensor& min_steps) {
  Tensor halted = steps >= halt_max_steps;
  if (training && halt_max_steps > 1) {
    halted = at::logical_or(halted, q_halt_logits > 0);
    if (min_steps.defined()) {
      halted = at::logical_and(halted, steps >= min_steps);
    }
  }
  return halted;
}

LossOutput ComputeLoss(const StepOutput& output, const Tensor& labels,
                       const Tensor& steps, const Tensor& halted,
                       double halt_loss_weight) {
  LossOutput out;
  Tensor row_right;
  {
    at::NoGradGuard no_grad;
    const Tensor labelled = labels >= 0;
    const Tensor num_labelled = labelled.sum(-1);
    const Tensor divisor = num_labelled.clamp_min(1);
    out.predictions = output.logits.detach().argmax(-1);
    const Tensor right =
        at::logical_and(labelled, out.predictions == labels).sum(-1);
    row_right = right == num_labelled;
    const Tensor counted = at::logical_and(halted, num_labelled > 0);
    const auto sum_counted = [&](const Tensor& per_row) {
      return at::where(counted, per_row.to(at::kDouble),
                       at::zeros({}, per_row.options().dtype(at::kDouble)))
          .sum();
    };
    out.count = counted.sum().to(at::kDouble);
    // float32 quotient as the published metric takes it.
    out.accuracy = sum_counted(right.to(at::kFloat) / divisor.to(at::kFloat));
    out.exact_accuracy = sum_counted(row_right);
    out.q_halt_accuracy =
        sum_counted((output.q_halt_logits.detach() >= 0) == row_right);
    out.steps = sum_counted(steps);
  }
  const Tensor divisor = (labels >= 0).sum(-1, true).clamp_min(1);
  out.lm_loss = (StablemaxCrossEntropy(output.logits, labels) / divisor).sum();
  out.q_halt_loss = at::binary_cross_entropy_with_logits(
      output.q_halt_logits, row_right.to(at::kFloat), {}, {},
      at::Reduction::Sum);
  out.loss = out.lm_loss + halt_loss_weight * out.q_halt_loss;
  return out;
}

ActOutput ActStep(const Trm& model, const Tensor& puzzle_rows, bool training,
                  const Tensor& min_steps, double halt_loss_weight,
                  Carry& carry) {
  ActOutput out;
  out.step = model.Step(carry.latents, carry.current.tokens, puzzle_rows);
  carry.latents = out.step.latents;
  carry.steps = carry.steps + 1;
  carry.halted =
      HaltedAfter(carry.steps, out.step.q_halt_logits.detach(),
                  model.options().halt_max_steps, training, min_steps);
  out.loss = ComputeLoss(out.step, carry.current.labels, carry.steps,
                         carry.halted, halt_loss_weight);
  return out;
}

}  // namespace arctrm::internal
