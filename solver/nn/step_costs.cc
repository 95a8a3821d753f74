// SPDX-License-Identifier: MIT
#include "solver/nn/step_costs.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "base/options.h"
#include "solver/device/device.h"
#include "solver/nn/model.h"

namespace arctrm::internal {
namespace {

constexpr int kTurns = 3;
constexpr int kSteps = 5;

StepCosts Measure(at::Device device, at::ScalarType dtype,
                  StepRecorder* recorder, const std::function<void()>& step) {
  StepCosts costs;
  costs.product_s = ProductSeconds(device, dtype) / kProductSize;
  step();  // chooses kernels
  costs.plain_s = BestSeconds(device, kTurns, kSteps, step);
  costs.bucket_s = costs.plain_s;
  if (recorder == nullptr) return costs;
  recorder->Run(step);
  const auto recording = recorder->Record(step);
  if (!recording.ok()) return costs;
  const double recorded_s = BestSeconds(
      device, kTurns, kSteps, [&recording] { (*recording)->Replay(); });
  if (recorded_s < costs.bucket_s) {
    costs.bucket_s = recorded_s;
    costs.recorded = true;
  }
  return costs;
}

}  // namespace

StepCosts MeasureStepCosts(
    at::Device device, at::ScalarType dtype, const std::string& kind,
    const ModelOptions& model, const RecorderFactory& recorder,
    const std::function<std::function<void()>()>& prepare) {
  if (device.is_cpu()) return {};
  using Key =
      std::tuple<c10::DeviceType, int, at::ScalarType, std::string, bool>;
  static std::mutex mutex;
  static auto* const known = new std::map<Key, StepCosts>();
  ModelOptions network = model;
  OptionSet settings;
  AddOptions(network, settings);
  std::string name = kind;
  for (const OptionSet::Item& item : settings.Items()) {
    absl::StrAppend(&name, " ", item.key, "=", item.value);
  }
  const std::lock_guard<std::mutex> lock(mutex);
  const Key key(device.type(), device.index(), dtype, name,
                static_cast<bool>(recorder));
  auto found = known->find(key);
  if (found == known->end()) {
    const std::unique_ptr<StepRecorder> own = recorder ? recorder() : nullptr;
    found =
        known->emplace(key, Measure(device, dtype, own.get(), prepare())).first;
  }
  return found->second;
}

double StepProducts(const ModelOptions& model, int64_t cells, bool backward) {
  const double cycle = model.l_cycles + 1;
  double passes = model.h_cycles * cycle;
  if (backward) {
    if (model.continue_head) passes *= 2;
    // Two products for each of the forward pass.
    passes += 2 * (model.hrm() ? 2 : cycle);
  }
  return passes * model.layers * RowCost(model, cells);
}

double TokensOfBucketCost(const ModelOptions& model, const StepCosts& costs) {
  if (costs.bucket_s <= 0) return 0;
  // A shape runs directly, then in memory of the recording, then is recorded.
  constexpr double kPlainSteps = 3;
  const double steps = std::max<double>(kPlainSteps, model.halt_max_steps);
  const double bucket_s =
      costs.bucket_s + kPlainSteps / steps * (costs.plain_s - costs.bucket_s);
  const int64_t cells = model.num_cells();
  return bucket_s * static_cast<double>(cells) /
         (StepProducts(model, cells, /*backward=*/false) * costs.product_s);
}

}  // namespace arctrm::internal
