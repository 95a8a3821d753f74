// SPDX-License-Identifier: MIT
#include "solver/predict/prediction_step.h"

#include <utility>
#include <vector>

namespace arctrm::internal {

PredictionOutput RunPrediction(const Model& model,
                               const PredictionInput& input) {
  const StepOutput out = model.Step(input.latents, input.tokens,
                                    input.embedding_rows, {input.size, {}});
  return {out.latents, out.logits, out.logits.argmax(-1).to(at::kByte),
          out.q_halt_logits};
}

PredictionSteps::PredictionSteps(
    const Model* model, int64_t most_positions,
    std::unique_ptr<StepRecorder> recorder,
    std::function<void(const std::string& why)> on_stop)
    : model_(model),
      most_positions_(most_positions),
      // The shapes of early size buckets do not occur again.
      steps_(this, std::move(recorder),
             {.replace = true, .on_stop = std::move(on_stop)}) {}

int64_t PredictionSteps::MostRows(int64_t cells) const {
  return most_positions_ / (model_->options().puzzle_prefix + cells);
}

int64_t PredictionSteps::RecordedRows(const PredictionInput& input) const {
  const int64_t rows = RowsOf(input);
  const int64_t most = MostRows(input.size.cells());
  return rows <= most ? PaddedRows(rows, most) : 0;
}

PredictionInput PredictionSteps::Place(const PredictionInput& like,
                                       int64_t rows) {
  const ModelOptions& net = model_->options();
  if (!memory_.tokens.defined()) {
    const auto zeros = [&](int64_t numel, at::ScalarType type) {
      return at::zeros({numel}, at::device(device()).dtype(type));
    };
    for (Tensor* z : {&memory_.latents.z_h, &memory_.latents.z_l}) {
      *z = zeros(most_positions_ * net.hidden, model_->dtype());
    }
    memory_.tokens = zeros(most_positions_, at::kLong);
    if (net.puzzle_prefix > 0) {
      memory_.embedding_rows = zeros(MostRows(1) * net.hidden, at::kFloat);
    }
  }
  const int64_t cells = like.size.cells();
  const std::vector<int64_t> latent = {rows, net.puzzle_prefix + cells,
                                       net.hidden};
  PredictionInput part;
  part.size = like.size;
  part.latents = {FirstElements(memory_.latents.z_h, latent),
                  FirstElements(memory_.latents.z_l, latent)};
  part.tokens = FirstElements(memory_.tokens, {rows, cells});
  if (net.puzzle_prefix > 0) {
    part.embedding_rows =
        FirstElements(memory_.embedding_rows, {rows, net.hidden});
  }
  return part;
}

void PredictionSteps::Fill(const PredictionInput& from, PredictionInput& to) {
  const int64_t rows = RowsOf(from);
  // The latents of a replay are in place already.
  const auto put = [rows](const Tensor& source, const Tensor& target) {
    if (source.const_data_ptr() != target.const_data_ptr()) {
      FillRows(source, rows, target);
    }
  };
  put(from.latents.z_h, to.latents.z_h);
  put(from.latents.z_l, to.latents.z_l);
  if (from.tokens.is_same(filled_tokens_) &&
      from.embedding_rows.is_same(filled_rows_)) {
    return;
  }
  FillRows(from.tokens, rows, to.tokens);
  FillRows(from.embedding_rows, rows, to.embedding_rows);
  filled_tokens_ = from.tokens;
  filled_rows_ = from.embedding_rows;
}

PredictionOutput PredictionSteps::RunInPlace(PredictionInput& input) {
  PredictionOutput output = RunDirectly(input);
  input.latents.z_h.copy_(output.latents.z_h);
  input.latents.z_l.copy_(output.latents.z_l);
  output.latents = input.latents;
  return output;
}

void PredictionSteps::Release() {
  memory_ = {};
  filled_tokens_ = Tensor();
  filled_rows_ = Tensor();
}

void PredictionSteps::Visit(PredictionOutput& output,
                            const Visitor& visit) const {
  for (Tensor* t : {&output.latents.z_h, &output.latents.z_l, &output.logits,
                    &output.answers, &output.halt_logits}) {
    visit(*t, true);
  }
}

}  // namespace arctrm::internal
