// SPDX-License-Identifier: MIT
#include "solver/predictor.h"

#include <ATen/Context.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "solver/checkpoint_info.h"
#include "solver/internal/checkpoint.h"
#include "solver/internal/checkpoint_files.h"
#include "solver/internal/device.h"
#include "solver/internal/trm.h"
#include "solver/internal/workers.h"

namespace arctrm {
namespace {

using internal::Latents;
using internal::StepOutput;
using internal::Trm;

class TrmPredictor : public Predictor {
 public:
  TrmPredictor(std::unique_ptr<Trm> model, at::Tensor table, int batch)
      : model_(std::move(model)),
        table_(std::move(table)),
        batch_(batch),
        workers_(model_->device().is_cpu() ? batch : 1) {}

  Canvas canvas() const override {
    return Canvas{model_->options().canvas_side};
  }
  int max_batch() const override { return batch_; }

  absl::StatusOr<std::vector<PredictorOutput>> Predict(
      absl::Span<const PredictorInput> inputs) override {
    return internal::CatchTorch(
        [&]() -> absl::StatusOr<std::vector<PredictorOutput>> {
          return Run(inputs);
        });
  }

 private:
  absl::StatusOr<std::vector<PredictorOutput>> Run(
      absl::Span<const PredictorInput> inputs) {
    at::NoGradGuard no_grad;
    const int64_t cells = model_->options().num_cells();
    const int64_t num_ids = table_.size(0);
    ARCTRM_CHECK(static_cast<int>(inputs.size()) <= batch_);
    // Always the same batch size: results then don't depend on the neighbours.
    at::Tensor tokens = at::zeros({batch_, cells}, at::kLong);
    at::Tensor ids = at::zeros({batch_}, at::kLong);
    for (size_t i = 0; i < inputs.size(); ++i) {
      const PredictorInput& input = inputs[i];
      if (static_cast<int64_t>(input.tokens.size()) != cells ||
          input.puzzle_id < 0 || input.puzzle_id >= num_ids) {
        return absl::InvalidArgumentError(absl::StrCat(
            "input ", i, ": ", input.tokens.size(), " tokens and puzzle id ",
            input.puzzle_id, "; this model takes ", cells,
            " tokens and ids below ", num_ids));
      }
      int64_t* row =
          tokens.mutable_data_ptr<int64_t>() + static_cast<int64_t>(i) * cells;
      for (int64_t c = 0; c < cells; ++c) {
        row[c] = input.tokens[static_cast<size_t>(c)];
      }
      ids.mutable_data_ptr<int64_t>()[i] = input.puzzle_id;
    }
    const at::Device device = model_->device();
    tokens = tokens.to(device);
    const at::Tensor rows = table_.index_select(0, ids.to(device));
    std::vector<PredictorOutput> outputs(inputs.size());
    workers_.Run([&](int worker) {
      const internal::Slice slice =
          internal::SliceOf(batch_, workers_.count(), worker);
      const absl::Span<PredictorOutput> out = absl::MakeSpan(outputs).subspan(
          std::min(outputs.size(), static_cast<size_t>(slice.begin)),
          static_cast<size_t>(slice.size));
      if (!out.empty()) {
        RunSlice(tokens.narrow(0, slice.begin, slice.size),
                 rows.narrow(0, slice.begin, slice.size), out);
      }
    });
    return outputs;
  }

  // All supervision steps of some rows; answers for the first outputs.size().
  void RunSlice(const at::Tensor& tokens, const at::Tensor& rows,
                absl::Span<PredictorOutput> outputs) const {
    at::NoGradGuard no_grad;
    const int64_t cells = model_->options().num_cells();
    Latents latents = model_->StartLatents(tokens.size(0));
    StepOutput out;
    for (int step = 0; step < model_->options().halt_max_steps; ++step) {
      out = model_->Step(latents, tokens, rows);
      latents = out.latents;
    }
    const at::Tensor answers =
        out.logits.argmax(-1).to(at::kByte).to(at::kCPU).contiguous();
    const at::Tensor halts = out.q_halt_logits.to(at::kCPU).contiguous();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const uint8_t* from =
          answers.const_data_ptr<uint8_t>() + static_cast<int64_t>(i) * cells;
      outputs[i].tokens.assign(from, from + cells);
      outputs[i].halt_logit = halts.const_data_ptr<float>()[i];
    }
  }

  std::unique_ptr<Trm> model_;
  at::Tensor table_;
  int batch_;
  internal::Workers workers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Predictor>> LoadPredictor(
    const std::string& checkpoint, const PredictorOptions& options) {
  return internal::CatchTorch(
      [&]() -> absl::StatusOr<std::unique_ptr<Predictor>> {
        ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                                ReadCheckpointInfo(checkpoint));
        ARCTRM_ASSIGN_OR_RETURN(const at::Device device,
                                internal::OpenDevice(options.device));
        ARCTRM_ASSIGN_OR_RETURN(
            std::string bytes,
            internal::ReadCheckpointFile(info.dir, internal::kWeightsFile));
        ARCTRM_ASSIGN_OR_RETURN(
            const internal::SafetensorsFile file,
            internal::SafetensorsFile::Parse(
                std::move(bytes), JoinPath(info.dir, internal::kWeightsFile)));
        Random init(0, "init");
        auto model = std::make_unique<Trm>(
            info.model, device,
            internal::ForwardDtype(info.train.precision, device), init);
        ARCTRM_ASSIGN_OR_RETURN(
            at::Tensor table,
            internal::LoadModelTensors(file, info.ids.num_ids, *model));
        int batch = options.batch;
        if (batch <= 0) {
          // About 64k positions at once keep two cores busy without much
          // memory; a GPU wants more.
          const int positions = info.model.num_positions();
          batch =
              std::max(1, (device.is_cuda() ? 1 << 18 : 1 << 13) / positions);
        }
        return std::unique_ptr<Predictor>(
            new TrmPredictor(std::move(model), table.to(device), batch));
      });
}

}  // namespace arctrm
