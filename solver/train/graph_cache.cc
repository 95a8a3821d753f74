// SPDX-License-Identifier: MIT
#include "solver/train/graph_cache.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "solver/train/step_stats.h"

namespace arctrm::internal {

BucketOutput StepBucket(const Model& model, const LossOptions& loss_options,
                        const BucketInput& input) {
  Carry carry = input.carry;
  const Tensor embedding_rows = input.embedding_rows.detach();
  embedding_rows.set_requires_grad(true);
  const ActOutput out = ActStep(model, embedding_rows, /*training=*/true,
                                input.min_steps, loss_options, carry);
  const LossOutput& loss = out.loss;
  (loss.loss / input.divisor).backward();
  const MetricValues<Tensor> metrics = {
      .lm_loss = loss.lm_loss,
      .q_halt_loss = loss.q_halt_loss,
      .q_continue_loss = loss.q_continue_loss,
      .halted_rows = loss.count,
      .accuracy = loss.accuracy,
      .exact_accuracy = loss.exact_accuracy,
      .q_halt_accuracy = loss.q_halt_accuracy,
      .supervision_steps = loss.steps,
  };
  return {carry.latents, carry.steps, carry.halted, embedding_rows.grad(),
          PackMetrics(metrics)};
}

GraphCache::GraphCache(const Model* model, const LossOptions& loss,
                       int64_t max_rows, std::unique_ptr<StepRecorder> recorder,
                       bool timed, Log* log)
    : model_(model),
      loss_(loss),
      max_rows_(max_rows),
      steps_(this, std::move(recorder),
             {.timed = timed, .on_stop = [log](const std::string& why) {
                if (log == nullptr) return;
                log->Warning(
                    absl::StrCat("train.graphs: ", why,
                                 "; training continues without CUDA graphs"));
              }}) {}

BucketInput GraphCache::Place(const BucketInput& like, int64_t rows) {
  const ModelOptions& net = model_->options();
  const GridSize size = SizeOf(like);
  if (!memory_.embedding_rows.defined()) {
    const auto zeros = [&](int64_t each, at::ScalarType type) {
      return at::zeros({max_rows_ * each},
                       at::device(model_->device()).dtype(type));
    };
    const int64_t latent = int64_t{net.num_positions()} * net.hidden;
    memory_.carry.latents = {zeros(latent, model_->dtype()),
                             zeros(latent, model_->dtype())};
    memory_.carry.steps = zeros(1, at::kLong);
    Batch& batch = memory_.carry.current;
    batch.tokens = zeros(net.num_cells(), at::kLong);
    batch.labels = zeros(net.num_cells(), at::kLong);
    batch.windows.origins = zeros(2, at::kLong);
    batch.row_mask = zeros(1, at::kFloat);
    memory_.embedding_rows = zeros(net.hidden, at::kFloat);
    memory_.min_steps = zeros(1, at::kLong);
    memory_.divisor =
        at::ones({}, memory_.embedding_rows.options().dtype(at::kDouble));
  }
  const Carry& whole = memory_.carry;
  const int64_t cells = size.cells();
  const std::vector<int64_t> latent = {rows, net.puzzle_prefix + cells,
                                       net.hidden};
  BucketInput part;
  part.carry.latents = {FirstElements(whole.latents.z_h, latent),
                        FirstElements(whole.latents.z_l, latent)};
  part.carry.steps = FirstElements(whole.steps, {rows});
  part.carry.current.tokens =
      FirstElements(whole.current.tokens, {rows, cells});
  part.carry.current.labels =
      FirstElements(whole.current.labels, {rows, cells});
  part.carry.current.windows.size = size;
  if (cells < net.num_cells()) {
    part.carry.current.windows.origins =
        FirstElements(whole.current.windows.origins, {rows, 2});
  }
  part.carry.current.row_mask = FirstElements(whole.current.row_mask, {rows});
  part.embedding_rows =
      FirstElements(memory_.embedding_rows, {rows, net.hidden});
  if (net.exploration > 0 && net.halt_max_steps > 1) {
    part.min_steps = FirstElements(memory_.min_steps, {rows});
  }
  part.divisor = memory_.divisor;
  return part;
}

void GraphCache::Fill(const BucketInput& from, BucketInput& to) {
  at::NoGradGuard no_grad;
  const int64_t rows = RowsOf(from);
  // Finite padding, so that its gradients are 0 instead of NaN.
  const auto put = [rows](const Tensor& source, const Tensor& target,
                          int64_t padding = 0) {
    FillRows(source, rows, target, padding);
  };
  put(from.carry.latents.z_h, to.carry.latents.z_h);
  put(from.carry.latents.z_l, to.carry.latents.z_l);
  put(from.carry.steps, to.carry.steps);
  const Batch& batch = from.carry.current;
  put(batch.tokens, to.carry.current.tokens);
  put(batch.labels, to.carry.current.labels, kIgnoredLabel);
  put(batch.windows.origins, to.carry.current.windows.origins);
  put(from.embedding_rows, to.embedding_rows);
  put(from.min_steps, to.min_steps);
  const Tensor& mask = to.carry.current.row_mask;
  mask.narrow(0, 0, rows).fill_(1);
  if (mask.size(0) > rows) mask.narrow(0, rows, mask.size(0) - rows).zero_();
  to.divisor.copy_(from.divisor);
}

BucketOutput GraphCache::RunInPlace(BucketInput& input) {
  BucketOutput output = RunDirectly(input);
  // Write latents, the largest outputs, back to the input memory.
  Latents& own = input.carry.latents;
  own.z_h.copy_(output.latents.z_h);
  own.z_l.copy_(output.latents.z_l);
  output.latents = own;
  return output;
}

void GraphCache::Visit(BucketOutput& output, const Visitor& visit) const {
  for (Tensor* t : {&output.latents.z_h, &output.latents.z_l, &output.steps,
                    &output.halted, &output.embedding_grad}) {
    visit(*t, true);
  }
  visit(output.metrics, false);
}

}  // namespace arctrm::internal
