// SPDX-License-Identifier: MIT
#include "pipeline/messages.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/options.h"
#include "base/out_of_memory.h"
#include "base/status.h"
#include "simdjson.h"

namespace arctrm {
namespace {

using nlohmann::json;

constexpr char kBase64[] = "base64";

// The fields of each type by name, one list for both directions. The macros of
// nlohmann-json would not do: they cannot carry NaN, which JSON lacks.
template <typename Visit>
void VisitFields(HeldOutScore& score, Visit visit) {
  visit("exact", score.exact);
  visit("accuracy", score.accuracy);
}

template <typename Visit>
void VisitFields(StageLimits& limits, Visit visit) {
  visit("end", limits.end);
  visit("abort", limits.abort);
}

template <typename Visit>
void VisitFields(DeviceOptions& device, Visit visit) {
  visit("name", device.device);
  visit("threads", device.threads);
}

template <typename Visit>
void VisitFields(DeviceInfo& info, Visit visit) {
  visit("kind", info.kind);
  visit("precision", info.precision);
  visit("threads", info.threads);
  visit("index", info.index);
  visit("name", info.name);
  visit("memory_bytes", info.memory_bytes);
  visit("kernels", info.kernels);
}

template <typename Visit>
void VisitFields(TrainSpec& spec, Visit visit) {
  visit("model", spec.model);
  visit("train", spec.train);
  visit("device", spec.device);
  visit("seed", spec.seed);
  visit("run", spec.run);
  visit("checkpoint", spec.checkpoint);
  visit("out", spec.out);
  visit("spare_out", spec.spare_out);
  visit("best_out", spec.best_out);
  visit("keep_in_memory", spec.keep_in_memory);
  visit("resume", spec.resume);
  visit("snapshots", spec.snapshots);
  visit("max_steps", spec.max_steps);
  visit("limits", spec.limits);
  visit("expected_step_s", spec.expected_step_s);
}

template <typename Visit>
void VisitFields(TrainStats& stats, Visit visit) {
  visit("step", stats.step);
  visit("time_s", stats.time_s);
  visit("loss", stats.loss);
  visit("lm_loss", stats.lm_loss);
  visit("q_halt_loss", stats.q_halt_loss);
  visit("q_continue_loss", stats.q_continue_loss);
  visit("accuracy", stats.accuracy);
  visit("exact_accuracy", stats.exact_accuracy);
  visit("q_halt_accuracy", stats.q_halt_accuracy);
  visit("steps", stats.steps);
  visit("halted_rows", stats.halted_rows);
  visit("learning_rate", stats.learning_rate);
  visit("steps_per_s", stats.steps_per_s);
  visit("row_updates", stats.row_updates);
  visit("skipped_steps", stats.skipped_steps);
  visit("held_out", stats.held_out);
}

template <typename Visit>
void VisitFields(TrainResult& result, Visit visit) {
  visit("stop", result.stop);
  visit("steps", result.steps);
  visit("time_s", result.time_s);
  visit("steps_per_s", result.steps_per_s);
  visit("final_save_s", result.final_save_s);
  visit("out", result.out);
  visit("best", result.best);
  visit("best_step", result.best_step);
}

template <typename Visit>
void VisitFields(PredictorOptions& options, Visit visit) {
  visit("device", options.device);
  visit("kernels", options.kernels);
  visit("graphs", options.graphs);
  visit("batch", options.batch);
  visit("fit_canvas", options.fit_canvas);
  visit("early_halt", options.early_halt);
  visit("stable_halt", options.stable_halt);
  visit("rollouts", options.rollouts);
  visit("latent_noise", options.latent_noise);
  visit("start_noise", options.start_noise);
  visit("rollout_choice", options.rollout_choice);
  visit("seed", options.seed);
}

// The last value of each enum that travels.
constexpr int LastValue(TrainStop) {
  return static_cast<int>(TrainStop::kDiverged);
}
constexpr int LastValue(DeviceKind) {
  return static_cast<int>(DeviceKind::kStandIn);
}

template <typename T>
inline constexpr bool kHasOptions =
    std::is_same_v<T, ModelOptions> || std::is_same_v<T, TrainOptions>;

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <typename T>
json Write(const T& value) {
  if constexpr (std::is_same_v<T, double>) {
    return std::isfinite(value) ? json(value) : json();
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<int>(value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return value;
  } else if constexpr (std::is_same_v<T, Deadline> ||
                       std::is_same_v<T, std::string>) {
    return ToJson(value);
  } else if constexpr (IsOptional<T>::value) {
    return value.has_value() ? Write(*value) : json();
  } else if constexpr (kHasOptions<T>) {
    T copy = value;
    OptionSet set;
    AddOptions(copy, set);
    json pairs = json::array();
    for (const OptionSet::Item& item : set.Items()) {
      pairs.push_back({item.key, item.value});
    }
    return pairs;
  } else {
    json object = json::object();
    T copy = value;
    VisitFields(copy, [&](const char* key, const auto& field) {
      object[key] = Write(field);
    });
    return object;
  }
}

// Throws nlohmann's exceptions for a missing field and a wrong type.
template <typename T>
absl::Status Read(const json& from, T& value) {
  if constexpr (std::is_same_v<T, double>) {
    value = from.is_null() ? std::numeric_limits<double>::quiet_NaN()
                           : from.get<double>();
  } else if constexpr (std::is_enum_v<T>) {
    const int number = from.get<int>();
    if (number < 0 || number > LastValue(T())) {
      return absl::DataLossError(absl::StrCat(
          "a message between two processes holds the unknown value ", number));
    }
    value = static_cast<T>(number);
  } else if constexpr (std::is_arithmetic_v<T>) {
    from.get_to(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    ARCTRM_ASSIGN_OR_RETURN(value, BytesOf(from));
  } else if constexpr (std::is_same_v<T, Deadline>) {
    value = DeadlineOf(from);
  } else if constexpr (IsOptional<T>::value) {
    value.reset();
    if (!from.is_null()) return Read(from, value.emplace());
  } else if constexpr (kHasOptions<T>) {
    OptionSet set;
    AddOptions(value, set);
    for (const json& pair : from) {
      ARCTRM_RETURN_IF_ERROR(set.Set(pair.at(0).get<std::string>(),
                                     pair.at(1).get<std::string>()));
    }
  } else {
    absl::Status status;
    VisitFields(value, [&](const char* key, auto& field) {
      if (status.ok()) status = Read(from.at(key), field);
    });
    return status;
  }
  return absl::OkStatus();
}

template <typename T>
absl::StatusOr<T> ReadWhole(const json& from) {
  try {
    T value;
    ARCTRM_RETURN_IF_ERROR(Read(from, value));
    return value;
  } catch (const json::exception& e) {
    return absl::DataLossError(
        absl::StrCat("a message between two processes: ", e.what()));
  }
}

}  // namespace

std::string ErrorFrame(const absl::Status& status) {
  json frame = {{"error", std::string(status.message())},
                {"code", static_cast<int>(status.code())}};
  if (IsOutOfMemory(status)) frame["out_of_memory"] = true;
  if (IsDiverged(status)) frame["diverged"] = true;
  return frame.dump(-1, ' ', false, json::error_handler_t::replace);
}

absl::Status ErrorOf(const json& frame) {
  if (!frame.contains("error")) return absl::OkStatus();
  const absl::StatusOr<std::string> message =
      ReadWhole<std::string>(frame["error"]);
  ARCTRM_RETURN_IF_ERROR(message.status());
  const auto says = [&](const char* key) {
    const auto it = frame.find(key);
    return it != frame.end() && it->is_boolean() && it->get<bool>();
  };
  if (says("out_of_memory")) return OutOfMemoryError(*message);
  if (says("diverged")) return DivergedError(*message);
  const auto code = frame.find("code");
  const bool known =
      code != frame.end() && code->is_number_integer() && code->get<int>() > 0;
  return absl::Status(known ? static_cast<absl::StatusCode>(code->get<int>())
                            : absl::StatusCode::kInternal,
                      *message);
}

json ToJson(const std::string& bytes) {
  if (simdjson::validate_utf8(bytes)) return bytes;
  return {{kBase64, absl::Base64Escape(bytes)}};
}

absl::StatusOr<std::string> BytesOf(const json& from) {
  if (from.is_string()) return from.get<std::string>();
  const auto it = from.is_object() ? from.find(kBase64) : from.end();
  std::string bytes;
  if (it != from.end() && it->is_string() &&
      absl::Base64Unescape(it->get<std::string>(), &bytes)) {
    return bytes;
  }
  return absl::DataLossError("a message between two processes lacks a text");
}

json ToJson(const Deadline& deadline) {
  if (deadline.IsInfinite()) return nullptr;
  return absl::ToDoubleSeconds(RealClock().Now() + deadline.Remaining() -
                               absl::UnixEpoch());
}

Deadline DeadlineOf(const json& from) {
  if (!from.is_number()) return Deadline();
  return Deadline(RealClock(),
                  absl::UnixEpoch() + absl::Seconds(from.get<double>()));
}

json ToJson(const StageLimits& limits) { return Write(limits); }
json ToJson(const TrainSpec& spec) { return Write(spec); }
json ToJson(const TrainStats& stats) { return Write(stats); }
json ToJson(const TrainResult& result) { return Write(result); }
json ToJson(const DeviceInfo& info) { return Write(info); }
json ToJson(const PredictorOptions& options) { return Write(options); }

absl::StatusOr<StageLimits> LimitsOf(const json& from) {
  return ReadWhole<StageLimits>(from);
}
absl::StatusOr<TrainSpec> TrainSpecOf(const json& from) {
  return ReadWhole<TrainSpec>(from);
}
absl::StatusOr<TrainStats> StatsOf(const json& from) {
  return ReadWhole<TrainStats>(from);
}
absl::StatusOr<TrainResult> ResultOf(const json& from) {
  return ReadWhole<TrainResult>(from);
}
absl::StatusOr<DeviceInfo> DeviceInfoOf(const json& from) {
  return ReadWhole<DeviceInfo>(from);
}
absl::StatusOr<PredictorOptions> PredictorOptionsOf(const json& from) {
  return ReadWhole<PredictorOptions>(from);
}

}  // namespace arctrm
