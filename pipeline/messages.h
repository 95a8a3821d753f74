// SPDX-License-Identifier: MIT
// JSON messages between the processes of a run.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/time_budget.h"
#include "nlohmann/json.hpp"
#include "solver/predictor.h"
#include "solver/train.h"

namespace arctrm {

// {"error": message, "code": absl's number}, with "out_of_memory" or
// "diverged": true for these two kinds of error.
std::string ErrorFrame(const absl::Status& status);
// The error that `frame` reports; OK when it reports none.
absl::Status ErrorOf(const nlohmann::json& frame);

// Text, or {"base64": ...} for bytes that are not UTF-8, which JSON cannot hold
// and names of files may have.
nlohmann::json ToJson(const std::string& bytes);
// DataLoss for anything else.
absl::StatusOr<std::string> BytesOf(const nlohmann::json& json);

// Deadlines are seconds on the machine's monotonic clock, which all processes
// of a run share; null is a deadline that never passes.
nlohmann::json ToJson(const Deadline& deadline);
Deadline DeadlineOf(const nlohmann::json& json);

// Model and training options are [key, value] pairs, as recipes name them.
nlohmann::json ToJson(const TrainSpec& spec);
nlohmann::json ToJson(const StageLimits& limits);
nlohmann::json ToJson(const TrainStats& stats);
nlohmann::json ToJson(const TrainResult& result);
nlohmann::json ToJson(const DeviceInfo& info);
nlohmann::json ToJson(const PredictorOptions& options);

// DataLoss for a missing field, a wrong type or an unknown value;
// InvalidArgument for an unknown option of a spec.
absl::StatusOr<StageLimits> LimitsOf(const nlohmann::json& json);
absl::StatusOr<TrainSpec> TrainSpecOf(const nlohmann::json& json);
absl::StatusOr<TrainStats> StatsOf(const nlohmann::json& json);
absl::StatusOr<TrainResult> ResultOf(const nlohmann::json& json);
absl::StatusOr<DeviceInfo> DeviceInfoOf(const nlohmann::json& json);
absl::StatusOr<PredictorOptions> PredictorOptionsOf(const nlohmann::json& json);

}  // namespace arctrm
