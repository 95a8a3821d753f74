// SPDX-License-Identifier: MIT
#include "pipeline/frames.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/out_of_memory.h"
#include "base/status.h"

namespace arctrm {
namespace {

uint32_t LengthOf(const char* bytes) {
  uint32_t length = 0;
  for (int i = 3; i >= 0; --i) {
    length = length << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return length;
}

absl::Status CheckLength(uint32_t length) {
  if (length <= kMaxFrame) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "a frame of ", length, " bytes: the other process speaks otherwise"));
}

// JSON has no number that is none: null.
nlohmann::json Number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

void Read(const nlohmann::json& json, const char* key, double& value) {
  const auto it = json.find(key);
  if (it == json.end()) return;
  value = it->is_null() ? std::numeric_limits<double>::quiet_NaN()
                        : it->get<double>();
}

void Read(const nlohmann::json& json, const char* key, int64_t& value) {
  const auto it = json.find(key);
  if (it != json.end()) value = it->get<int64_t>();
}

nlohmann::json ToJson(const HeldOutScore& score) {
  return {{"exact", score.exact}, {"accuracy", score.accuracy}};
}

HeldOutScore ScoreOf(const nlohmann::json& json) {
  HeldOutScore score;
  Read(json, "exact", score.exact);
  Read(json, "accuracy", score.accuracy);
  return score;
}

// nlohmann throws where a type is wrong.
template <typename T, typename Fn>
absl::StatusOr<T> Guarded(Fn&& read) {
  try {
    return read();
  } catch (const nlohmann::json::exception& e) {
    return absl::DataLossError(absl::StrCat("a frame of a worker: ", e.what()));
  }
}

template <typename T>
void Append(T value, std::string& out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

// Takes values off the front of a body.
class Unpacker {
 public:
  explicit Unpacker(absl::string_view body) : rest_(body) {}

  template <typename T>
  bool Take(T& value) {
    if (rest_.size() < sizeof(T)) return false;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return true;
  }
  bool Take(std::vector<uint8_t>& tokens) {
    uint32_t count = 0;
    if (!Take(count) || rest_.size() < count) return false;
    tokens.assign(rest_.data(), rest_.data() + count);
    rest_.remove_prefix(count);
    return true;
  }
  bool empty() const { return rest_.empty(); }
  // Rows of at least `least` bytes can't be more than there are bytes for.
  bool TakeCount(size_t least, uint32_t& count) {
    return Take(count) && count <= rest_.size() / least;
  }

 private:
  absl::string_view rest_;
};

absl::Status CutShort() {
  return absl::DataLossError("a batch between two processes is cut short");
}

}  // namespace

std::string FrameOf(absl::string_view body) {
  ARCTRM_CHECK(body.size() <= kMaxFrame);
  std::string frame;
  for (int shift = 0; shift < 32; shift += 8) {
    frame.push_back(static_cast<char>(body.size() >> shift & 0xff));
  }
  frame.append(body.data(), body.size());
  return frame;
}

absl::Status SendFrame(Subprocess& to, absl::string_view body,
                       const Deadline& deadline) {
  return to.Write(FrameOf(body), deadline);
}

absl::StatusOr<std::string> ReceiveFrame(Subprocess& from,
                                         const Deadline& deadline) {
  std::string head;
  ARCTRM_RETURN_IF_ERROR(from.Read(4, deadline, head));
  const uint32_t length = LengthOf(head.data());
  ARCTRM_RETURN_IF_ERROR(CheckLength(length));
  std::string body;
  ARCTRM_RETURN_IF_ERROR(from.Read(length, deadline, body));
  return body;
}

absl::Status SendFrame(int fd, absl::string_view body) {
  const std::string frame = FrameOf(body);
  for (size_t sent = 0; sent < frame.size();) {
    const ssize_t now = write(fd, frame.data() + sent, frame.size() - sent);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) {
      return absl::UnavailableError(
          absl::StrCat("the leader is gone: ", std::strerror(errno)));
    }
    sent += static_cast<size_t>(now);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReceiveFrame(int fd) {
  const auto fill = [fd](size_t wanted) -> absl::StatusOr<std::string> {
    std::string bytes(wanted, '\0');
    for (size_t got = 0; got < wanted;) {
      const ssize_t now = read(fd, bytes.data() + got, wanted - got);
      if (now < 0 && errno == EINTR) continue;
      if (now <= 0) return absl::UnavailableError("the leader is gone");
      got += static_cast<size_t>(now);
    }
    return bytes;
  };
  ARCTRM_ASSIGN_OR_RETURN(const std::string head, fill(4));
  const uint32_t length = LengthOf(head.data());
  ARCTRM_RETURN_IF_ERROR(CheckLength(length));
  return fill(length);
}

absl::StatusOr<nlohmann::json> ParseFrame(absl::string_view body) {
  nlohmann::json json =
      nlohmann::json::parse(body.begin(), body.end(), nullptr, false);
  if (json.is_object()) return json;
  return absl::DataLossError("a frame between two processes is no JSON object");
}

std::string ErrorFrame(const absl::Status& status) {
  nlohmann::json json = {{"error", std::string(status.message())},
                         {"code", static_cast<int>(status.code())}};
  if (IsOutOfMemory(status)) json["out_of_memory"] = true;
  if (IsDiverged(status)) json["diverged"] = true;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::Status ErrorOf(const nlohmann::json& frame) {
  if (!frame.contains("error")) return absl::OkStatus();
  const absl::StatusOr<absl::Status> told =
      Guarded<absl::Status>([&]() -> absl::StatusOr<absl::Status> {
        const std::string message = frame["error"].get<std::string>();
        if (frame.value("out_of_memory", false)) {
          return OutOfMemoryError(message);
        }
        if (frame.value("diverged", false)) return DivergedError(message);
        const int code = frame.value("code", 0);
        return absl::Status(code > 0 ? static_cast<absl::StatusCode>(code)
                                     : absl::StatusCode::kInternal,
                            message);
      });
  return told.ok() ? *told : told.status();
}

nlohmann::json SettingsJson(const std::vector<OptionSet::Item>& items) {
  nlohmann::json settings = nlohmann::json::array();
  for (const OptionSet::Item& item : items) {
    settings.push_back({item.key, item.value});
  }
  return settings;
}

nlohmann::json ToJson(const Deadline& deadline) {
  if (deadline.IsInfinite()) return nullptr;
  return absl::ToDoubleSeconds(RealClock().Now() + deadline.Remaining() -
                               absl::UnixEpoch());
}

Deadline DeadlineOf(const nlohmann::json& json) {
  if (!json.is_number()) return Deadline();
  return Deadline(RealClock(),
                  absl::UnixEpoch() + absl::Seconds(json.get<double>()));
}

nlohmann::json ToJson(const StageLimits& limits) {
  return {{"end", ToJson(limits.end)}, {"abort", ToJson(limits.abort)}};
}

StageLimits LimitsOf(const nlohmann::json& json) {
  return {DeadlineOf(json.at("end")), DeadlineOf(json.at("abort"))};
}

nlohmann::json ToJson(const DeviceInfo& info) {
  return {{"kind", static_cast<int>(info.kind)},
          {"precision", info.precision},
          {"threads", info.threads},
          {"index", info.index},
          {"name", info.name},
          {"memory_bytes", info.memory_bytes}};
}

absl::StatusOr<DeviceInfo> DeviceInfoOf(const nlohmann::json& json) {
  return Guarded<DeviceInfo>([&]() -> absl::StatusOr<DeviceInfo> {
    DeviceInfo info;
    const int kind = json.value("kind", 0);
    if (kind < 0 || kind > static_cast<int>(DeviceKind::kCuda)) {
      return absl::DataLossError("a worker's device is of no known kind");
    }
    info.kind = static_cast<DeviceKind>(kind);
    info.precision = json.value("precision", "");
    info.threads = json.value("threads", 0);
    info.index = json.value("index", 0);
    info.name = json.value("name", "");
    info.memory_bytes = json.value("memory_bytes", int64_t{0});
    return info;
  });
}

nlohmann::json ToJson(const TrainStats& s) {
  nlohmann::json json = {{"step", s.step},
                         {"time_s", Number(s.time_s)},
                         {"loss", Number(s.loss)},
                         {"lm_loss", Number(s.lm_loss)},
                         {"q_halt_loss", Number(s.q_halt_loss)},
                         {"q_continue_loss", Number(s.q_continue_loss)},
                         {"accuracy", Number(s.accuracy)},
                         {"exact_accuracy", Number(s.exact_accuracy)},
                         {"q_halt_accuracy", Number(s.q_halt_accuracy)},
                         {"steps", Number(s.steps)},
                         {"halted_rows", s.halted_rows},
                         {"learning_rate", Number(s.learning_rate)},
                         {"steps_per_s", Number(s.steps_per_s)},
                         {"row_updates", s.row_updates}};
  if (s.held_out.has_value()) json["held_out"] = ToJson(*s.held_out);
  return json;
}

absl::StatusOr<TrainStats> StatsOf(const nlohmann::json& json) {
  return Guarded<TrainStats>([&]() -> absl::StatusOr<TrainStats> {
    TrainStats s;
    Read(json, "step", s.step);
    Read(json, "time_s", s.time_s);
    Read(json, "loss", s.loss);
    Read(json, "lm_loss", s.lm_loss);
    Read(json, "q_halt_loss", s.q_halt_loss);
    Read(json, "q_continue_loss", s.q_continue_loss);
    Read(json, "accuracy", s.accuracy);
    Read(json, "exact_accuracy", s.exact_accuracy);
    Read(json, "q_halt_accuracy", s.q_halt_accuracy);
    Read(json, "steps", s.steps);
    Read(json, "halted_rows", s.halted_rows);
    Read(json, "learning_rate", s.learning_rate);
    Read(json, "steps_per_s", s.steps_per_s);
    Read(json, "row_updates", s.row_updates);
    if (json.contains("held_out")) s.held_out = ScoreOf(json["held_out"]);
    return s;
  });
}

nlohmann::json ToJson(const TrainResult& r) {
  return {{"stop", static_cast<int>(r.stop)},
          {"steps", r.steps},
          {"time_s", Number(r.time_s)},
          {"steps_per_s", Number(r.steps_per_s)},
          {"final_save_s", Number(r.final_save_s)},
          {"out", r.out},
          {"best", ToJson(r.best)},
          {"best_step", r.best_step}};
}

absl::StatusOr<TrainResult> ResultOf(const nlohmann::json& json) {
  return Guarded<TrainResult>([&]() -> absl::StatusOr<TrainResult> {
    TrainResult r;
    int64_t stop = 0;
    Read(json, "stop", stop);
    if (stop < 0 || stop > static_cast<int64_t>(TrainStop::kDiverged)) {
      return absl::DataLossError("a worker's result has no known reason");
    }
    r.stop = static_cast<TrainStop>(stop);
    Read(json, "steps", r.steps);
    Read(json, "time_s", r.time_s);
    Read(json, "steps_per_s", r.steps_per_s);
    Read(json, "final_save_s", r.final_save_s);
    r.out = json.value("out", std::string());
    if (json.contains("best")) r.best = ScoreOf(json["best"]);
    Read(json, "best_step", r.best_step);
    return r;
  });
}

std::string PackInputs(absl::Span<const PredictorInput> inputs) {
  std::string body;
  Append(static_cast<uint32_t>(inputs.size()), body);
  for (const PredictorInput& input : inputs) {
    Append(input.embedding_id, body);
    Append(static_cast<int32_t>(input.cols), body);
    Append(static_cast<uint32_t>(input.tokens.size()), body);
    body.append(input.tokens.begin(), input.tokens.end());
  }
  return body;
}

absl::StatusOr<std::vector<PredictorInput>> UnpackInputs(absl::string_view body,
                                                         Canvas canvas,
                                                         int max_batch) {
  constexpr size_t kLeastRow = sizeof(int64_t) + 2 * sizeof(uint32_t);
  Unpacker from(body);
  uint32_t count = 0;
  if (!from.TakeCount(kLeastRow, count)) return CutShort();
  std::vector<PredictorInput> inputs(count);
  int64_t tokens = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    PredictorInput& input = inputs[i];
    int32_t cols = 0;
    if (!from.Take(input.embedding_id) || !from.Take(cols) ||
        !from.Take(input.tokens)) {
      return CutShort();
    }
    input.cols = cols;
    if (SizeOf(input, canvas).cells() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("row ", i, " of a batch has ", input.tokens.size(),
                       " tokens in ", cols, " columns, expected at most ",
                       canvas.side, " by ", canvas.side));
    }
    tokens += static_cast<int64_t>(input.tokens.size());
  }
  if (!from.empty()) return CutShort();
  const int64_t most = int64_t{max_batch} * canvas.num_tokens();
  if (tokens > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("a batch of ", tokens, " tokens, expected at most ", most,
                     " (", max_batch, " canvases)"));
  }
  return inputs;
}

std::string PackOutputs(absl::Span<const PredictorOutput> outputs) {
  std::string body;
  Append(static_cast<uint32_t>(outputs.size()), body);
  for (const PredictorOutput& output : outputs) {
    Append(output.halt_logit, body);
    Append(output.steps, body);
    for (const auto* tokens : {&output.tokens, &output.second}) {
      Append(static_cast<uint32_t>(tokens->size()), body);
      body.append(tokens->begin(), tokens->end());
    }
  }
  return body;
}

absl::StatusOr<std::vector<PredictorOutput>> UnpackOutputs(
    absl::string_view body, absl::Span<const PredictorInput> inputs) {
  Unpacker from(body);
  uint32_t count = 0;
  if (!from.Take(count)) return CutShort();
  if (count != inputs.size()) {
    return absl::DataLossError(
        absl::StrCat(count, " answers to ", inputs.size(), " inputs"));
  }
  std::vector<PredictorOutput> outputs(count);
  for (size_t i = 0; i < outputs.size(); ++i) {
    PredictorOutput& output = outputs[i];
    if (!from.Take(output.halt_logit) || !from.Take(output.steps) ||
        !from.Take(output.tokens) || !from.Take(output.second)) {
      return CutShort();
    }
    const size_t expected = inputs[i].tokens.size();
    if (output.tokens.size() != expected ||
        (!output.second.empty() && output.second.size() != expected)) {
      return absl::DataLossError(
          absl::StrCat("answer ", i, " has ", output.tokens.size(), " and ",
                       output.second.size(), " tokens, its input ", expected));
    }
  }
  if (!from.empty()) return CutShort();
  return outputs;
}

}  // namespace arctrm
