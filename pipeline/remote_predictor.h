// SPDX-License-Identifier: MIT
// A predictor that runs in a worker process, and the side of that process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/subprocess.h"
#include "nlohmann/json.hpp"
#include "solver/predictor.h"

namespace arctrm {

// The request that makes a worker load `checkpoint` and predict.
std::string PredictRequest(const std::string& checkpoint,
                           const PredictorOptions& options);

// For the worker: describes `predictor` to the leader, then answers batches
// from `in` until the leader closes it. `send` takes the body of a frame.
//
// A batch that exceeds the memory (IsOutOfMemory) is reported to the leader,
// and the next batch is answered. Any other error is returned, and the caller
// reports it.
absl::Status AnswerBatches(
    Predictor& predictor, int in,
    const std::function<absl::Status(const std::string&)>& send);

class RemotePredictor : public Predictor {
 public:
  // Waits until `worker`, which has received a PredictRequest, has loaded the
  // model. `name` ("worker 1, cuda:0") begins messages.
  //
  // The worker is killed if it does not answer by `deadline`, or takes much
  // longer than before. Every failure of the worker is Unavailable, also
  // answers of a wrong number or size. One error is different: if several
  // inputs exceed the memory, the worker lives on and the error satisfies
  // IsOutOfMemory().
  static absl::StatusOr<std::unique_ptr<Predictor>> Connect(
      std::string name, std::unique_ptr<Subprocess> worker, Deadline deadline);

  Canvas canvas() const override { return canvas_; }
  int canvas_step() const override { return canvas_step_; }
  int max_batch() const override { return max_batch_; }
  int64_t full_bucket() const override { return full_bucket_; }
  absl::StatusOr<std::vector<PredictorOutput>> Predict(
      absl::Span<const PredictorInput> inputs) override;
  std::vector<std::string> TakeWarnings() override {
    return std::exchange(warnings_, {});
  }

 private:
  RemotePredictor(std::string name, std::unique_ptr<Subprocess> worker,
                  Deadline deadline)
      : name_(std::move(name)),
        worker_(std::move(worker)),
        deadline_(deadline) {}

  // Reads the properties of the model.
  absl::Status ReadProperties(const nlohmann::json& json);
  // Waits at most `patience` for the next frame.
  absl::StatusOr<std::string> Receive(absl::Duration patience);
  // Waits for the next frame that is not a warning, and keeps warnings.
  absl::StatusOr<std::string> ReceiveAnswers(absl::Duration patience);
  // Kills the worker. Returns Unavailable with its name and `why`.
  absl::Status Lost(const absl::Status& why);

  std::string name_;
  std::unique_ptr<Subprocess> worker_;
  Deadline deadline_;
  Canvas canvas_;
  int canvas_step_ = 0;
  int max_batch_ = 0;
  int64_t full_bucket_ = 0;
  absl::Duration longest_;  // time of a batch so far
  std::vector<std::string> warnings_;
};

}  // namespace arctrm
