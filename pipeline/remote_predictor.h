// SPDX-License-Identifier: MIT
// A predictor that runs in a worker process, and what such a process does.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/subprocess.h"
#include "nlohmann/json.hpp"
#include "solver/predictor.h"

namespace arctrm {

// The first frame for a worker process that is to predict.
std::string PredictRequest(const std::string& checkpoint,
                           const PredictorOptions& options);

// The worker's side, with its model loaded: says what `predictor` is, then
// answers batches from `in` until the leader closes it. A batch that memory
// does not suffice for (IsOutOfMemory) is told of, and the next one awaited;
// any other error ends it, and is the caller's to tell. `send` takes the body
// of a frame.
absl::Status AnswerBatches(
    Predictor& predictor, int in,
    const std::function<absl::Status(const std::string&)>& send);

class RemotePredictor : public Predictor {
 public:
  // `worker` has been sent a PredictRequest; waits until it has loaded the
  // model. `name` ("worker 1, cuda:0") begins messages. No answer is waited for
  // beyond `deadline`, nor much longer than others took: then the worker is
  // killed. Every failure of the worker is Unavailable, answers of another
  // number or size than asked for among them; but where its memory ran out over
  // several inputs it lives on, and the error is as IsOutOfMemory() knows it.
  static absl::StatusOr<std::unique_ptr<Predictor>> Connect(
      std::string name, std::unique_ptr<Subprocess> worker, Deadline deadline);

  Canvas canvas() const override { return canvas_; }
  int canvas_step() const override { return canvas_step_; }
  int max_batch() const override { return max_batch_; }
  absl::StatusOr<std::vector<PredictorOutput>> Predict(
      absl::Span<const PredictorInput> inputs) override;

 private:
  RemotePredictor(std::string name, std::unique_ptr<Subprocess> worker,
                  Deadline deadline)
      : name_(std::move(name)),
        worker_(std::move(worker)),
        deadline_(deadline) {}

  // Takes what the worker says of its model.
  absl::Status Greet(const nlohmann::json& json);
  // The next frame, at most `patience` from now.
  absl::StatusOr<std::string> Receive(absl::Duration patience);
  // Unavailable with the worker's name and `why`; the worker is killed.
  absl::Status Lost(const absl::Status& why);

  std::string name_;
  std::unique_ptr<Subprocess> worker_;
  Deadline deadline_;
  Canvas canvas_;
  int canvas_step_ = 0;
  int max_batch_ = 0;
  absl::Duration longest_;  // that a batch took
};

}  // namespace arctrm
