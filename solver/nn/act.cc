// SPDX-License-Identifier: MIT
#include "solver/nn/act.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/status.h"
#include "solver/nn/ops.h"

namespace arctrm::internal {
namespace {

// The values of train.loss, in the order of LossKind.
constexpr const char* kLossNames[] = {"stablemax", "softmax"};

LossKind ParseLossKind(const std::string& name) {
  const auto* const at =
      std::find(std::begin(kLossNames), std::end(kLossNames), name);
  ARCTRM_CHECK(at != std::end(kLossNames));  // the setting allows only these
  return static_cast<LossKind>(at - std::begin(kLossNames));
}

// The value of continuing: the larger halting or continue value that the same
// weights give after one more step (HRM, published target_q_continue).
Tensor ContinueTarget(const Model& model, const Tensor& embedding_rows,
                      const Carry& carry) {
  at::NoGradGuard no_grad;
  const StepOutput next = model.Step(carry.latents, carry.current.tokens,
                                     embedding_rows, carry.current.windows);
  const Tensor last = carry.steps >= model.options().halt_max_steps;
  return at::sigmoid(
      at::where(last, next.q_halt_logits,
                at::maximum(next.q_halt_logits, next.q_continue_logits)));
}

}  // namespace

Carry InitialCarry(const Model& model, const Batch& like) {
  const int64_t batch = like.tokens.size(0);
  Carry carry;
  carry.latents = model.StartLatents(batch);
  carry.steps = at::zeros({batch}, like.embedding_ids.options());
  carry.halted =
      at::ones({batch}, like.embedding_ids.options().dtype(at::kBool));
  carry.current = {at::zeros_like(like.tokens), at::zeros_like(like.labels),
                   at::zeros_like(like.embedding_ids)};
  return carry;
}

void AdmitBatch(const Model& model, const Batch& fresh, Carry& carry) {
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
  current.embedding_ids =
      at::where(halted, fresh.embedding_ids, current.embedding_ids);
}

Tensor HaltedAfter(const Tensor& steps, const Tensor& wants_to,
                   int halt_max_steps, bool training, const Tensor& min_steps) {
  Tensor halted = steps >= halt_max_steps;
  if (training && halt_max_steps > 1) {
    halted = at::logical_or(halted, wants_to);
    if (min_steps.defined()) {
      halted = at::logical_and(halted, steps >= min_steps);
    }
  }
  return halted;
}

Tensor WantsToHalt(const ModelOptions& options, const StepOutput& output) {
  const Tensor halt = output.q_halt_logits.detach();
  return options.continue_head ? halt > output.q_continue_logits.detach()
                               : halt > 0;
}

LossOptions::LossOptions(const TrainOptions& train)
    : kind(ParseLossKind(train.loss)), halt_weight(train.halt_loss_weight) {}

Tensor TokenLoss(LossKind kind, const Tensor& logits, const Tensor& labels) {
  switch (kind) {
    case LossKind::kStablemax:
      return StablemaxCrossEntropy(logits, labels);
    case LossKind::kSoftmax:
      return at::cross_entropy_loss(
                 logits.to(at::kFloat).reshape({-1, logits.size(-1)}),
                 labels.reshape({-1}), {}, at::Reduction::None, kIgnoredLabel)
          .view(labels.sizes());
  }
  return {};
}

LossOutput ComputeLoss(const StepOutput& output, const Tensor& labels,
                       const Tensor& steps, const Tensor& halted,
                       const Tensor& continue_target,
                       const LossOptions& options, const Tensor& row_mask) {
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
    // The published metric divides in float32.
    out.accuracy = sum_counted(right.to(at::kFloat) / divisor.to(at::kFloat));
    out.exact_accuracy = sum_counted(row_right);
    out.q_halt_accuracy =
        sum_counted((output.q_halt_logits.detach() >= 0) == row_right);
    out.steps = sum_counted(steps);
  }
  const Tensor divisor = (labels >= 0).sum(-1, true).clamp_min(1);
  out.lm_loss = (TokenLoss(options.kind, output.logits, labels) / divisor)
                    .sum()
                    .to(at::kDouble);
  out.q_halt_loss = at::binary_cross_entropy_with_logits(
      output.q_halt_logits, row_right.to(at::kFloat), row_mask, {},
      at::Reduction::Sum);
  out.q_continue_loss = continue_target.defined()
                            ? at::binary_cross_entropy_with_logits(
                                  output.q_continue_logits, continue_target,
                                  row_mask, {}, at::Reduction::Sum)
                            : at::zeros_like(out.q_halt_loss);
  out.loss = out.lm_loss +
             options.halt_weight * (out.q_halt_loss + out.q_continue_loss);
  return out;
}

ActOutput ActStep(const Model& model, const Tensor& embedding_rows,
                  bool training, const Tensor& min_steps,
                  const LossOptions& options, Carry& carry) {
  ActOutput out;
  out.step = model.Step(carry.latents, carry.current.tokens, embedding_rows,
                        carry.current.windows);
  carry.latents = out.step.latents;
  carry.steps = carry.steps + 1;
  const ModelOptions& net = model.options();
  carry.halted = HaltedAfter(carry.steps, WantsToHalt(net, out.step),
                             net.halt_max_steps, training, min_steps);
  if (training && net.continue_head && net.halt_max_steps > 1) {
    out.continue_target = ContinueTarget(model, embedding_rows, carry);
  }
  out.loss =
      ComputeLoss(out.step, carry.current.labels, carry.steps, carry.halted,
                  out.continue_target, options, carry.current.row_mask);
  return out;
}

}  // namespace arctrm::internal
