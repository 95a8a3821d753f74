// SPDX-License-Identifier: MIT
// Messages between the processes of a run, sent as frames over pipes. Most hold
// JSON (pipeline/messages.h); batches of predictions are binary. Both ends are
// always the same build.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/clock.h"
#include "base/subprocess.h"
#include "nlohmann/json.hpp"
#include "solver/predictor.h"

namespace arctrm {

// Returns four bytes of length, least significant first, then the body.
std::string FrameOf(absl::string_view body);
// A larger length means a corrupt stream.
inline constexpr uint32_t kMaxFrame = 1u << 30;

// For the leader.
absl::Status SendFrame(Subprocess& to, absl::string_view body,
                       const Deadline& deadline);
// Unavailable if the child has ended, DeadlineExceeded after `deadline`,
// DataLoss for a length above kMaxFrame.
absl::StatusOr<std::string> ReceiveFrame(Subprocess& from,
                                         const Deadline& deadline);

// For the worker: blocking calls on file descriptors. Unavailable if the leader
// has closed its end.
absl::Status SendFrame(int fd, absl::string_view body);
absl::StatusOr<std::string> ReceiveFrame(int fd);

// DataLoss for anything that is not a JSON object.
absl::StatusOr<nlohmann::json> ParseFrame(absl::string_view body);

// Batches of predictions, in binary form to save space: the number of rows;
// then, for each row, its numbers, the number of its tokens and the tokens.
// Rows may differ in size.
std::string PackInputs(absl::Span<const PredictorInput> inputs);
// DataLoss unless `body` is one whole batch. InvalidArgument if the tokens of a
// row form no rectangle within `canvas`, or if the batch has more tokens than
// `max_batch` canvases.
absl::StatusOr<std::vector<PredictorInput>> UnpackInputs(absl::string_view body,
                                                         Canvas canvas,
                                                         int max_batch);
std::string PackOutputs(absl::Span<const PredictorOutput> outputs);
// DataLoss unless `body` holds one answer per input with as many tokens as the
// input. A second answer may be absent.
absl::StatusOr<std::vector<PredictorOutput>> UnpackOutputs(
    absl::string_view body, absl::Span<const PredictorInput> inputs);

}  // namespace arctrm
