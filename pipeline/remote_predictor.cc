// SPDX-License-Identifier: MIT
#include "pipeline/remote_predictor.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "pipeline/frames.h"

namespace arctrm {
namespace {

// Of a GPU: its context, its libraries, the weights.
constexpr absl::Duration kLoadPatience = absl::Minutes(5);
// The first batch of a device chooses its kernels.
constexpr absl::Duration kFirstPatience = absl::Minutes(5);
// A worker so much slower than it was hangs.
constexpr absl::Duration kLeastPatience = absl::Seconds(30);
constexpr double kPatienceFactor = 20;

}  // namespace

std::string PredictRequest(const std::string& checkpoint,
                           const PredictorOptions& options) {
  return nlohmann::json{{"job", "predict"},
                        {"checkpoint", checkpoint},
                        {"device", options.device.device},
                        {"threads", options.device.threads},
                        {"batch", options.batch},
                        {"early_halt", options.early_halt},
                        {"rollouts", options.rollouts},
                        {"latent_noise", options.latent_noise},
                        {"start_noise", options.start_noise},
                        {"rollout_choice", options.rollout_choice},
                        {"seed", options.seed}}
      .dump();
}

absl::StatusOr<std::unique_ptr<Predictor>> RemotePredictor::Connect(
    std::string name, std::unique_ptr<Subprocess> worker, Deadline deadline) {
  std::unique_ptr<RemotePredictor> predictor(
      new RemotePredictor(std::move(name), std::move(worker), deadline));
  const auto hello = [&]() -> absl::Status {
    ARCTRM_ASSIGN_OR_RETURN(const std::string body,
                            predictor->Receive(kLoadPatience));
    ARCTRM_ASSIGN_OR_RETURN(const nlohmann::json json, ParseFrame(body));
    ARCTRM_RETURN_IF_ERROR(ErrorOf(json));
    predictor->canvas_.side = json.value("side", 0);
    ARCTRM_ASSIGN_OR_RETURN(predictor->canvas_.kind,
                            ParsePuzzleKind(json.value("kind", "")));
    predictor->canvas_step_ = json.value("canvas_step", 0);
    predictor->max_batch_ = json.value("max_batch", 0);
    if (predictor->canvas_.side > 0 && predictor->max_batch_ > 0) {
      return absl::OkStatus();
    }
    return absl::DataLossError("its greeting makes no sense");
  };
  const absl::Status status = hello();
  if (!status.ok()) return predictor->Lost(status);
  return predictor;
}

absl::StatusOr<std::string> RemotePredictor::Receive(absl::Duration patience) {
  const absl::Duration wait = std::min(patience, deadline_.Remaining());
  absl::StatusOr<std::string> frame =
      ReceiveFrame(*worker_, Deadline(RealClock(), wait));
  if (absl::IsDeadlineExceeded(frame.status())) {
    return absl::DeadlineExceededError(
        absl::StrCat("no answer within ", DurationText(wait)));
  }
  return frame;
}

absl::Status RemotePredictor::Lost(const absl::Status& why) {
  worker_->Signal(SIGKILL);
  return absl::UnavailableError(absl::StrCat(name_, ": ", why.message()));
}

absl::StatusOr<std::vector<PredictorOutput>> RemotePredictor::Predict(
    absl::Span<const PredictorInput> inputs) {
  const absl::Time start = RealClock().Now();
  const absl::Duration patience =
      longest_ == absl::ZeroDuration()
          ? kFirstPatience
          : std::max(kLeastPatience, kPatienceFactor * longest_);
  absl::Status sent = SendFrame(
      *worker_, PackInputs(inputs),
      Deadline(RealClock(), std::min(patience, deadline_.Remaining())));
  if (!sent.ok()) return Lost(sent);
  absl::StatusOr<std::string> body = Receive(patience);
  if (!body.ok()) return Lost(body.status());
  if (!body->empty() && body->front() == '{') {
    absl::StatusOr<nlohmann::json> json = ParseFrame(*body);
    return Lost(json.ok() ? ErrorOf(*json) : json.status());
  }
  absl::StatusOr<std::vector<PredictorOutput>> outputs =
      UnpackOutputs(absl::string_view(*body).substr(1));
  if (!outputs.ok()) return Lost(outputs.status());
  longest_ = std::max(longest_, RealClock().Now() - start);
  return outputs;
}

}  // namespace arctrm
