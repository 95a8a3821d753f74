// SPDX-License-Identifier: MIT
#include "pipeline/frames.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
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
  return absl::DataLossError(
      absl::StrCat("another process announced a frame of ", length,
                   " bytes; frames have at most ", kMaxFrame, " bytes"));
}

template <typename T>
void Append(T value, std::string& out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

// Reads values from the front of a body.
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
  // False for more rows than the rest of the body can hold, if each has at
  // least `least` bytes.
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
  return absl::DataLossError(
      "a frame between two processes is not a JSON object");
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
  constexpr size_t kMinRow = sizeof(int64_t) + 2 * sizeof(uint32_t);
  Unpacker from(body);
  uint32_t count = 0;
  if (!from.TakeCount(kMinRow, count)) return CutShort();
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
    return absl::DataLossError(absl::StrCat(
        "a worker sent ", count, " answers to ", inputs.size(), " inputs"));
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
