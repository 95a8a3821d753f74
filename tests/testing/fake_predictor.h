// SPDX-License-Identifier: MIT
// A Predictor that answers by a function instead of a model, and remembers what
// it was asked.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "augment/canvas.h"
#include "base/out_of_memory.h"
#include "base/status.h"
#include "solver/predictor.h"

namespace arctrm {

class FakePredictor : public Predictor {
 public:
  using Answer = std::function<PredictorOutput(const PredictorInput&)>;

  // Without `answer` it copies: the answer is the input grid, halting logit 0.
  explicit FakePredictor(Canvas canvas = Canvas(), int max_batch = 8,
                         Answer answer = nullptr)
      : canvas_(canvas), max_batch_(max_batch), answer_(std::move(answer)) {
    if (answer_ == nullptr) {
      answer_ = [](const PredictorInput& input) {
        return PredictorOutput{input.tokens, 0};
      };
    }
  }

  Canvas canvas() const override { return canvas_; }
  int canvas_step() const override { return step; }
  int max_batch() const override { return max_batch_; }
  int64_t full_bucket() const override { return full; }
  std::vector<std::string> TakeWarnings() override {
    return std::exchange(warnings, {});
  }
  absl::StatusOr<std::vector<PredictorOutput>> Predict(
      absl::Span<const PredictorInput> inputs) override {
    ARCTRM_CHECK(!inputs.empty());
    if (before_batch) before_batch();
    if (!error.ok()) return error;
    if (inputs.size() > most_inputs) return OutOfMemoryError("no memory");
    batches.emplace_back(inputs.begin(), inputs.end());
    std::vector<PredictorOutput> outputs;
    size_t tokens = 0;
    for (const PredictorInput& input : inputs) {
      ARCTRM_CHECK(SizeOf(input, canvas_).cells() > 0);
      tokens += input.tokens.size();
      outputs.push_back(answer_(input));
    }
    ARCTRM_CHECK(tokens <=
                 static_cast<size_t>(max_batch_ * canvas_.num_tokens()));
    return outputs;
  }

  int step = 0;      // of fitted canvases
  int64_t full = 0;  // tokens of a full size bucket
  std::vector<std::string> warnings;
  // Called at the start of every batch, e.g. to let a FakeClock go on.
  std::function<void()> before_batch;
  // With more at once its memory runs out.
  size_t most_inputs = std::numeric_limits<size_t>::max();
  // What Predict returns instead of answers, unless OK.
  absl::Status error;
  // Every batch asked for, in order.
  std::vector<std::vector<PredictorInput>> batches;

 private:
  Canvas canvas_;
  int max_batch_;
  Answer answer_;
};

// The tokens of `grid` at the corner of a canvas, and of a part of one.
inline std::vector<uint8_t> GridTokens(const Grid& grid, Canvas canvas) {
  std::vector<uint8_t> tokens(static_cast<size_t>(canvas.num_tokens()));
  EncodeGrid(grid, canvas, Offset(), tokens.data());
  return tokens;
}
inline std::vector<uint8_t> PartTokens(const Grid& grid, GridSize size) {
  std::vector<uint8_t> tokens(static_cast<size_t>(size.cells()));
  EncodeGrid(grid, size, Offset(), tokens.data());
  return tokens;
}

}  // namespace arctrm
