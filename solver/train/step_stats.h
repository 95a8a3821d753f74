// SPDX-License-Identifier: MIT
// Metrics of optimiser steps. They stay on the device, packed in one tensor,
// until the host reads them as the means of TrainStats.
#pragma once

#include <cstdint>

#include "solver/device/transfer.h"
#include "solver/train.h"

namespace arctrm::internal {

// The metrics of a step, or their sums over steps. Losses are sums over batch
// rows, the others sums over batch rows that halted.
template <typename T>
struct MetricValues {
  T lm_loss = {};
  T q_halt_loss = {};
  T q_continue_loss = {};
  T halted_rows = {};
  T accuracy = {};
  T exact_accuracy = {};
  T q_halt_accuracy = {};
  T supervision_steps = {};
};
using StepMetrics = MetricValues<double>;

// Calls visit(value) for all metrics in the order of their packed tensor.
template <typename Values, typename Visitor>
void VisitMetrics(Values& values, Visitor&& visit) {
  visit(values.lm_loss);
  visit(values.q_halt_loss);
  visit(values.q_continue_loss);
  visit(values.halted_rows);
  visit(values.accuracy);
  visit(values.exact_accuracy);
  visit(values.q_halt_accuracy);
  visit(values.supervision_steps);
}

// Scalar tensors of a device -> (8) float64 on that device.
Tensor PackMetrics(const MetricValues<Tensor>& metrics);
// The same from numbers, on the CPU.
Tensor PackMetrics(const StepMetrics& metrics);
// Back from a packed tensor; waits for its device.
StepMetrics UnpackMetrics(const Tensor& packed);

// Sums over optimiser steps without skipped ones.
struct StepSums {
  Tensor packed;  // undefined before the first step
  int64_t optimizer_steps = 0;
  // The copy of `packed` to the host. Send() starts it early, so that reading
  // it does not wait for work queued later.
  HostCopy sent;

  void Add(const Tensor& metrics) {
    packed = packed.defined() ? packed + metrics : metrics;
  }
  void Send() { sent.Start(packed); }
};

// Waits for the sent sums and writes their means to `stats`. Sums of no step
// leave `stats` unchanged.
void ReadSums(StepSums& sums, const TrainOptions& train, TrainStats& stats);

}  // namespace arctrm::internal
