// SPDX-License-Identifier: MIT
#include "pipeline/remote_predictor.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/out_of_memory.h"
#include "base/status.h"
#include "pipeline/frames.h"
#include "pipeline/messages.h"

namespace arctrm {
namespace {

// Time to load the libraries, to start a GPU and to read the weights.
constexpr absl::Duration kLoadPatience = absl::Minutes(5);
// The first batch on a device is slow because it chooses kernels.
constexpr absl::Duration kFirstPatience = absl::Minutes(5);
// A worker that is slower than its slowest batch by this factor hangs.
constexpr absl::Duration kMinPatience = absl::Seconds(30);
constexpr double kPatienceFactor = 20;

}  // namespace

std::string PredictRequest(const std::string& checkpoint,
                           const PredictorOptions& options) {
  return nlohmann::json{{"kind", "predict"},
                        {"checkpoint", ToJson(checkpoint)},
                        {"options", ToJson(options)}}
      .dump();
}

absl::Status AnswerBatches(
    Predictor& predictor, int in,
    const std::function<absl::Status(const std::string&)>& send) {
  const Canvas canvas = predictor.canvas();
  const int most = predictor.max_batch();
  const nlohmann::json properties = {{"side", canvas.side},
                                     {"kind", PuzzleKindName(canvas.kind)},
                                     {"canvas_step", predictor.canvas_step()},
                                     {"max_batch", most},
                                     {"full_bucket", predictor.full_bucket()}};
  ARCTRM_RETURN_IF_ERROR(send(properties.dump()));
  for (;;) {
    const absl::StatusOr<std::string> body = ReceiveFrame(in);
    if (!body.ok()) return absl::OkStatus();  // the leader is done
    ARCTRM_ASSIGN_OR_RETURN(const std::vector<PredictorInput> inputs,
                            UnpackInputs(*body, canvas, most));
    const absl::StatusOr<std::vector<PredictorOutput>> outputs =
        predictor.Predict(inputs);
    if (!outputs.ok() && !IsOutOfMemory(outputs.status())) {
      return outputs.status();
    }
    for (const std::string& warning : predictor.TakeWarnings()) {
      ARCTRM_RETURN_IF_ERROR(
          send(nlohmann::json{{"warning", ToJson(warning)}}.dump()));
    }
    ARCTRM_RETURN_IF_ERROR(send(outputs.ok() ? "O" + PackOutputs(*outputs)
                                             : ErrorFrame(outputs.status())));
  }
}

absl::Status RemotePredictor::ReadProperties(const nlohmann::json& json) {
  std::string kind;
  try {
    json.at("side").get_to(canvas_.side);
    json.at("kind").get_to(kind);
    json.at("canvas_step").get_to(canvas_step_);
    json.at("max_batch").get_to(max_batch_);
    json.at("full_bucket").get_to(full_bucket_);
  } catch (const nlohmann::json::exception& e) {
    return absl::DataLossError(
        absl::StrCat("its description of the model is invalid: ", e.what()));
  }
  ARCTRM_ASSIGN_OR_RETURN(canvas_.kind, ParsePuzzleKind(kind));
  if (canvas_.side > 0 && canvas_.side <= kMaxSide && canvas_step_ >= 0 &&
      max_batch_ > 0 && full_bucket_ >= 0) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat("its description of the model is invalid: side ",
                   canvas_.side, ", canvas_step ", canvas_step_, ", max_batch ",
                   max_batch_, ", full_bucket ", full_bucket_));
}

absl::StatusOr<std::unique_ptr<Predictor>> RemotePredictor::Connect(
    std::string name, std::unique_ptr<Subprocess> worker, Deadline deadline) {
  std::unique_ptr<RemotePredictor> predictor(
      new RemotePredictor(std::move(name), std::move(worker), deadline));
  const auto read_properties = [&]() -> absl::Status {
    ARCTRM_ASSIGN_OR_RETURN(const std::string body,
                            predictor->Receive(kLoadPatience));
    ARCTRM_ASSIGN_OR_RETURN(const nlohmann::json json, ParseFrame(body));
    ARCTRM_RETURN_IF_ERROR(ErrorOf(json));
    return predictor->ReadProperties(json);
  };
  const absl::Status status = read_properties();
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

absl::StatusOr<std::string> RemotePredictor::ReceiveAnswers(
    absl::Duration patience) {
  for (;;) {
    ARCTRM_ASSIGN_OR_RETURN(std::string body, Receive(patience));
    const absl::StatusOr<nlohmann::json> json = ParseFrame(body);
    if (!json.ok() || !json->contains("warning")) return body;
    ARCTRM_ASSIGN_OR_RETURN(const std::string warning,
                            BytesOf((*json)["warning"]));
    warnings_.push_back(absl::StrCat(name_, ": ", warning));
  }
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
          : std::max(kMinPatience, kPatienceFactor * longest_);
  absl::Status sent = SendFrame(
      *worker_, PackInputs(inputs),
      Deadline(RealClock(), std::min(patience, deadline_.Remaining())));
  if (!sent.ok()) return Lost(sent);
  absl::StatusOr<std::string> body = ReceiveAnswers(patience);
  if (!body.ok()) return Lost(body.status());
  absl::string_view answers = *body;
  if (!absl::ConsumePrefix(&answers, "O")) {
    const absl::StatusOr<nlohmann::json> json = ParseFrame(*body);
    if (!json.ok()) return Lost(json.status());
    const absl::Status error = ErrorOf(*json);
    if (IsOutOfMemory(error) && inputs.size() > 1) return error;
    return Lost(
        error.ok() ? absl::DataLossError("it sent neither answers nor an error")
                   : error);
  }
  absl::StatusOr<std::vector<PredictorOutput>> outputs =
      UnpackOutputs(answers, inputs);
  if (!outputs.ok()) return Lost(outputs.status());
  longest_ = std::max(longest_, RealClock().Now() - start);
  return outputs;
}

}  // namespace arctrm
