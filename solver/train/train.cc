// SPDX-License-Identifier: MIT
#include "solver/train.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <memory>

#include "base/interrupt.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/watchdog.h"
#include "solver/device/device.h"
#include "solver/nn/kernel_proof.h"
#include "solver/train/loop.h"
#include "solver/train/make_training.h"
#include "solver/train/optimizers.h"
#include "solver/train/step.h"
#include "solver/train/step_stats.h"

namespace arctrm {
namespace {

using internal::Training;

double SecondsSince(absl::Time start) {
  return absl::ToDoubleSeconds(RealClock().Now() - start);
}

absl::Status CheckShares(const TrainRequest& request) {
  if (request.spec.max_steps <= 0 && request.spec.limits.end.IsInfinite() &&
      (request.spec.train.rows_only_share > 0 ||
       request.spec.train.decay_share > 0 ||
       request.spec.train.curriculum_share > 0)) {
    return absl::InvalidArgumentError(
        "train.rows_only_share, train.decay_share and train.curriculum_share "
        "need a training with a known end; use --steps or --time-limit");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTraining(const TrainRequest& request) {
  ARCTRM_RETURN_IF_ERROR(CheckShares(request));
  return internal::CatchTorch([&] { return internal::CheckRequest(request); });
}

absl::StatusOr<TrainResult> Train(const TrainRequest& request) {
  ARCTRM_CHECK(request.dataset != nullptr);
  ARCTRM_RETURN_IF_ERROR(CheckShares(request));
  absl::StatusOr<std::unique_ptr<Training>> training =
      internal::CatchTorch([&] {
        const InterruptScope interruptible(request.spec.limits.abort);
        return internal::MakeTraining(request);
      });
  if (absl::IsCancelled(training.status()) && request.group.size == 1) {
    // Interrupted before the first step.
    AcknowledgeStop();
    TrainResult result;
    result.stop = StopSignal() != 0 ? TrainStop::kSignal : TrainStop::kDeadline;
    return result;
  }
  ARCTRM_RETURN_IF_ERROR(training.status());
  return internal::CatchTorch(
      [&] { return internal::RunTraining(**training); });
}

absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset,
                                     const ModelOptions& model,
                                     const TrainOptions& train,
                                     const DeviceOptions& device,
                                     const MeasureLimits& limits) {
  const absl::Time start = RealClock().Now();
  const Deadline give_up(RealClock(), absl::Seconds(limits.give_up_s));
  StepTime time;
  const absl::Status measured = internal::CatchTorch([&]() -> absl::Status {
    TrainRequest request;
    request.dataset = &dataset;
    request.spec.model = model;
    request.spec.train = train;
    request.spec.device = device;
    const InterruptScope interruptible(give_up);
    ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<Training> training,
                            internal::MakeTraining(request));
    internal::StepSums sums;
    TrainStats stats;
    // The first step also warms up.
    for (int i = 0; i < 6; ++i) {
      if (i > 0 && SecondsSince(start) + time.seconds >= limits.repeat_s) break;
      const absl::Time before = RealClock().Now();
      if (!TrainStep(*training, /*progress=*/1, sums, give_up)) break;
      ReadSums(sums, train, stats);  // waits for the device
      const double took = SecondsSince(before);
      time.seconds = time.complete ? std::min(time.seconds, took) : took;
      time.complete = true;
    }
    return absl::OkStatus();
  });
  if (!measured.ok() && !absl::IsCancelled(measured)) return measured;
  if (!time.complete) time.seconds = SecondsSince(start);
  return time;
}

absl::StatusOr<DeviceInfo> DescribeDevice(const DeviceOptions& options,
                                          const TrainOptions& train) {
  return internal::CatchTorch([&]() -> absl::StatusOr<DeviceInfo> {
    ARCTRM_ASSIGN_OR_RETURN(const at::Device device,
                            internal::OpenDevice(options));
    DeviceInfo info;
    const at::ScalarType dtype =
        internal::ForwardDtype(train.precision, device);
    info.precision = internal::PrecisionName(dtype);
    info.threads = at::get_num_threads();
    ARCTRM_ASSIGN_OR_RETURN(
        info.kernels,
        internal::ChooseKernels(device, dtype, train.kernels,
                                internal::OptimizerProofCases(device)));
    if (device.is_privateuseone()) info.kind = DeviceKind::kStandIn;
    if (!device.is_cuda()) return info;
    info.kind = DeviceKind::kCuda;
    info.index = static_cast<int>(device.index());
    const auto driver = internal::DescribeCudaDevice(info.index);
    if (driver.has_value()) {
      info.name = driver->name;
      info.memory_bytes = driver->memory_bytes;
    }
    return info;
  });
}

}  // namespace arctrm
