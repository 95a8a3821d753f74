// SPDX-License-Identifier: MIT
#include "solver/train/step.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/interrupt.h"
#include "solver/predict/predictor.h"
#include "solver/train/schedule.h"

namespace arctrm::internal {
namespace {

// The state that a step changes before it uses its gradients.
class UndoPoint {
 public:
  explicit UndoPoint(const TrainState& state)
      : examples_(state.batch.examples),
        exploration_(state.batch.exploration),
        ids_(state.batch.ids.clone()),
        windows_(state.batch.windows.clone()),
        counters_(state.counters) {}

  void Restore(TrainState& state) && {
    state.batch.examples = std::move(examples_);
    state.batch.exploration = exploration_;
    state.batch.ids.copy_(ids_);
    state.batch.windows.copy_(windows_);
    state.counters = counters_;
  }

 private:
  ExampleQueue examples_;
  Random exploration_;
  Tensor ids_, windows_;
  TrainCounters counters_;
};

// Draws new examples for the halted batch rows.
Batch DrawBatch(const TrainRequest& request, Collective& collective,
                TrainState& state) {
  BatchState& batch = state.batch;
  const Tensor halted = collective.WaitFor(batch.halted);
  const bool* flags = halted.const_data_ptr<bool>();
  const int64_t cells = request.spec.model.num_cells();
  int64_t* ids = batch.ids.mutable_data_ptr<int64_t>();
  int64_t* windows = batch.windows.mutable_data_ptr<int64_t>();
  auto* inputs = batch.fresh.mutable_data_ptr<uint8_t>();
  uint8_t* labels = inputs + batch.slice.size * cells;
  // Every process draws for the whole batch, which keeps all random streams
  // equal, but encodes only its slice.
  for (int64_t b = 0; b < request.spec.train.batch; ++b) {
    if (!flags[b]) continue;
    const ExampleQueue::Entry entry = batch.examples.Next();
    ids[b] = entry.example.embedding_id;
    const Window& window = entry.example.window;
    windows[4 * b] = window.size.rows;
    windows[4 * b + 1] = window.size.cols;
    windows[4 * b + 2] = window.origin.row;
    windows[4 * b + 3] = window.origin.col;
    const int64_t own = b - batch.slice.begin;
    if (own < 0 || own >= batch.slice.size) continue;
    batch.examples.Encode(entry, inputs + own * cells, labels + own * cells);
  }
  const at::Device device = state.model->device();
  const Tensor fresh = ToDevice(batch.fresh, device, at::kLong);
  Batch drawn;
  drawn.tokens = fresh[0];
  drawn.labels = at::where(fresh[1] == kPadToken, kIgnoredLabel, fresh[1]);
  drawn.embedding_ids = ToDevice(
      batch.ids.narrow(0, batch.slice.begin, batch.slice.size), device);
  return drawn;
}

// (slice) int64: minimum supervision steps of each batch row; undefined without
// exploration. As published, each step draws it again, so it can only delay
// halting.
Tensor DrawMinSteps(const TrainRequest& request, TrainState& state) {
  const ModelOptions& model = request.spec.model;
  if (model.exploration <= 0 || model.halt_max_steps <= 1) return {};
  BatchState& batch = state.batch;
  Tensor steps = at::zeros({request.spec.train.batch}, at::kLong);
  for (int64_t b = 0; b < request.spec.train.batch; ++b) {
    if (batch.exploration.Chance(model.exploration)) {
      steps.mutable_data_ptr<int64_t>()[b] =
          batch.exploration.Between(2, model.halt_max_steps);
    }
  }
  return ToDevice(steps.narrow(0, batch.slice.begin, batch.slice.size),
                  state.model->device());
}

// Divides float16 gradients by the loss scale. false: they overflowed, and the
// step must be skipped. After too many overflows in a row the forward pass
// changes to float32.
bool UnscaleGradients(const StepSchedule& schedule, Training& training,
                      Tensor& embedding_grad) {
  TrainState& state = training.state;
  Tensor& network_grad = state.model->flat_grad();
  Tensor all_finite = at::ones({}, network_grad.options().dtype(at::kBool));
  for (const Tensor& grad :
       {embedding_grad, schedule.rows_only ? Tensor() : network_grad}) {
    if (grad.defined()) {
      all_finite = all_finite.logical_and(at::isfinite(grad).all());
    }
  }
  training.executor.collective().Finish();
  const bool finite = all_finite.item<bool>();
  // Gradients are sums over all processes, so all decide equally.
  const double scale = state.loss_scale.scale;
  state.loss_scale.Update(finite);
  if (finite) {
    if (embedding_grad.defined()) embedding_grad.mul_(1 / scale);
    if (!schedule.rows_only) network_grad.mul_(1 / scale);
    return true;
  }
  // Overflowed latents would spoil all later steps: restart their batch rows.
  const auto overflowed = [](const Tensor& z) {
    return at::logical_not(at::isfinite(z).flatten(1).all(1));
  };
  Carry& carry = state.batch.carry;
  carry.halted = carry.halted.logical_or(
      overflowed(carry.latents.z_h).logical_or(overflowed(carry.latents.z_l)));
  if (state.loss_scale.gave_up) {
    training.executor.SetForwardDtype(at::kFloat, carry);
    if (training.log != nullptr) {
      training.log->Warning(absl::StrCat(
          "step ", state.counters.step, ": ", state.loss_scale.skipped_in_a_row,
          " steps in a row overflowed in float16; training falls back to "
          "float32 on repeated overflow, which is slower"));
    }
  }
  return false;
}

void UpdateWeights(const TrainOptions& train, const StepSchedule& schedule,
                   const Tensor& embedding_grad, TrainState& state) {
  const int64_t* ids = state.batch.ids.const_data_ptr<int64_t>();
  for (int64_t b = 0; b < train.batch; ++b) {
    ++state.embeddings.updates[static_cast<size_t>(ids[b])];
  }
  if (embedding_grad.defined()) {
    SignSgdUpdate(state.embeddings.rows, state.batch.ids, embedding_grad,
                  schedule.embedding_rate, train.puzzle_weight_decay);
  }
  if (!schedule.rows_only) {
    state.optimizer.Update(state.model->flat(), state.model->flat_grad(),
                           schedule.network_rate, train.weight_decay,
                           train.beta1, train.beta2, state.average, train.ema);
  }
}

}  // namespace

std::unique_ptr<Predictor> Training::MakePredictor() const {
  at::NoGradGuard no_grad;
  const Model& trained = *state.model;
  Random unused(0, "init");
  auto model = std::make_unique<Model>(trained.options(), trained.device(),
                                       trained.dtype(), unused);
  model->flat().copy_(state.AnswerWeights());
  model->h_init.copy_(trained.h_init);
  model->l_init.copy_(trained.l_init);
  return internal::MakePredictor(std::move(model), state.embeddings.rows,
                                 request.spec.train.FittedStep(), {},
                                 executor.workers());
}

bool TrainStep(Training& training, double progress, StepSums& sums,
               const Deadline& abort) {
  const TrainRequest& request = training.request;
  TrainState& state = training.state;
  Executor& executor = training.executor;
  std::optional<InterruptScope> interruptible;
  std::optional<UndoPoint> undo;
  if (executor.CanUndo()) {
    interruptible.emplace(abort);
    undo.emplace(state);
  }
  const StepSchedule schedule = ScheduleOf(
      request.spec.model, request.spec.train, state.counters, progress);
  ++state.counters.step;
  if (schedule.rows_only) ++state.counters.rows_only_steps;
  state.counters.learning_rate = schedule.network_rate;

  const Batch fresh = DrawBatch(request, executor.collective(), state);
  const Tensor min_steps = DrawMinSteps(request, state);
  Executor::Gradients gradients;
  if (!executor.ComputeGradients(fresh, min_steps, schedule, state,
                                 gradients)) {
    (*std::move(undo)).Restore(state);
    return false;
  }
  interruptible.reset();

  at::NoGradGuard no_grad;
  executor.ReduceGradients(schedule, gradients);
  const bool use =
      state.model->dtype() != at::kHalf ||
      UnscaleGradients(schedule, training, gradients.embedding_grad);
  if (use) {
    for (const Tensor& metrics : gradients.metrics) sums.Add(metrics);
    ++sums.optimizer_steps;
    // Send before more work is queued; the next step waits for the halted flags
    // anyway.
    sums.Send();
  }
  // The last collective operation of the step: once the halted flags have
  // arrived, any wait for the device ends.
  state.batch.halted.Start(executor.GatherRows(state.batch.carry.halted));
  if (use) {
    UpdateWeights(request.spec.train, schedule, gradients.embedding_grad,
                  state);
  }
  // Use the idle host while the device computes.
  if (use && !state.model->device().is_cpu()) DrawAhead(training);
  return true;
}

void DrawAhead(Training& training) {
  // With several processes the slice of a future example is unknown.
  const bool encode = training.executor.collective().size() == 1;
  training.state.batch.examples.DrawAhead(training.request.spec.train.batch,
                                          encode);
}

}  // namespace arctrm::internal
