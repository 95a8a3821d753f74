// SPDX-License-Identifier: MIT
// What the processes of a job say to each other: frames over pipes, most of
// them JSON. Both ends are always the same build.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/subprocess.h"
#include "base/time_budget.h"
#include "nlohmann/json.hpp"
#include "solver/predictor.h"
#include "solver/train.h"

namespace arctrm {

// A length of four bytes, least first, and as many bytes.
std::string FrameOf(absl::string_view body);
// Frames are never longer: a length beyond it is no length.
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

// {"error": message, "code": absl's number}, with "out_of_memory" or
// "diverged": true for these two.
std::string ErrorFrame(const absl::Status& status);
// The status that `frame` tells of; OK when it tells of none.
absl::Status ErrorOf(const nlohmann::json& frame);

// [[key, value], ...]
nlohmann::json SettingsJson(const std::vector<OptionSet::Item>& items);

// A deadline on the machine's monotonic clock, which all processes of a job
// share; null for one that never passes.
nlohmann::json ToJson(const Deadline& deadline);
Deadline DeadlineOf(const nlohmann::json& json);
nlohmann::json ToJson(const StageLimits& limits);
StageLimits LimitsOf(const nlohmann::json& json);

nlohmann::json ToJson(const DeviceInfo& info);
absl::StatusOr<DeviceInfo> DeviceInfoOf(const nlohmann::json& json);

nlohmann::json ToJson(const TrainStats& stats);
nlohmann::json ToJson(const TrainResult& result);
// Fields that are missing keep their defaults; a wrong type is DataLoss.
absl::StatusOr<TrainStats> StatsOf(const nlohmann::json& json);
absl::StatusOr<TrainResult> ResultOf(const nlohmann::json& json);

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
