// SPDX-License-Identifier: MIT
// Messages between the processes of a run: frames over pipes. Most hold JSON
// (pipeline/messages.h), batches of predictions are binary. Both ends are
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

// Four bytes of length, least significant first, then the body.
std::string FrameOf(absl::string_view body);
// A larger length means a corrupt stream.
inline constexpr uint32_t kMaxFrame = 1u << 30;

// The leader's side.
absl::Status SendFrame(Subprocess& to, absl::string_view body,
                       const Deadline& deadline);
// Unavailable when the child has ended, DeadlineExceeded.
absl::StatusOr<std::string> ReceiveFrame(Subprocess& from,
                                         const Deadline& deadline);

// The worker's side, over file descriptors; blocking. Unavailable when the
// other end is closed.
absl::Status SendFrame(int fd, absl::string_view body);
absl::StatusOr<std::string> ReceiveFrame(int fd);

// DataLoss for anything that is not a JSON object.
absl::StatusOr<nlohmann::json> ParseFrame(absl::string_view body);

// Batches of predictions, binary for their size: number of rows, then of each
// its numbers, the number of its tokens, and these; rows may differ in size.
std::string PackInputs(absl::Span<const PredictorInput> inputs);
// DataLoss for what is no batch. InvalidArgument for a row whose tokens are no
// rectangle within `canvas`, and for more tokens than `max_batch` canvases.
absl::StatusOr<std::vector<PredictorInput>> UnpackInputs(absl::string_view body,
                                                         Canvas canvas,
                                                         int max_batch);
std::string PackOutputs(absl::Span<const PredictorOutput> outputs);
// DataLoss unless it holds one answer per input, of as many tokens, and a
// second one of as many or none.
absl::StatusOr<std::vector<PredictorOutput>> UnpackOutputs(
    absl::string_view body, absl::Span<const PredictorInput> inputs);

}  // namespace arctrm
