// SPDX-License-Identifier: MIT
#include "solver/train/trainer.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/interrupt.h"
#include "base/status.h"
#include "solver/device/exceptions.h"
#include "solver/predict/predictor.h"

namespace arctrm::internal {
namespace {

// The rows of a group are distinct, so that putting them back gives the same
// bytes in any order; on CUDA a deterministic index_copy_ would sort the
// indices and copy what it writes into twice.
class DistinctRows {
 public:
  explicit DistinctRows(at::Device device) : cuda_(device.is_cuda()) {
    if (cuda_) context_.setDeterministicAlgorithms(false, false);
  }
  DistinctRows(const DistinctRows&) = delete;
  DistinctRows& operator=(const DistinctRows&) = delete;
  ~DistinctRows() {
    if (cuda_) context_.setDeterministicAlgorithms(was_, warned_);
  }

 private:
  at::Context& context_ = at::globalContext();
  bool was_ = context_.deterministicAlgorithms();
  bool warned_ = context_.deterministicAlgorithmsWarnOnly();
  bool cuda_;  // where one thread steps, so that the switch is its own
};

// `z` (n, T, D) with normal noise, that of each row from a seed of its own:
// what a row gets depends on nothing else.
Tensor WithRowNoise(const Tensor& z, double std, std::vector<Random>& seeds) {
  std::vector<Tensor> noise;
  for (Random& seed : seeds) {
    noise.push_back(at::randn(z.sizes().slice(1),
                              at::detail::createCPUGenerator(seed.Next()),
                              at::dtype(at::kFloat)));
  }
  return z + ToDevice((at::stack(noise) * std).to(z.scalar_type()), z.device());
}

}  // namespace

Tensor Trainer::GatherRows(const Tensor& own) const {
  const int size = collective_->size();
  if (size == 1) return own;
  // Slices differ by one row; what is sent does not.
  const int64_t most = (train_.batch + size - 1) / size;
  Tensor sent = own;
  if (own.size(0) < most) {
    std::vector<int64_t> shape = own.sizes().vec();
    shape[0] = most - own.size(0);
    sent = at::cat({own, at::zeros(shape, own.options())});
  }
  const Tensor all = collective_->AllGather(sent);
  std::vector<Tensor> parts;
  for (int rank = 0; rank < size; ++rank) {
    parts.push_back(
        all[rank].narrow(0, 0, SliceOf(train_.batch, size, rank).size));
  }
  return at::cat(parts);
}

Carry Trainer::WholeCarry() const {
  return {{GatherRows(carry_.latents.z_h), GatherRows(carry_.latents.z_l)},
          GatherRows(carry_.steps),
          GatherRows(carry_.halted),
          {GatherRows(carry_.current.tokens), GatherRows(carry_.current.labels),
           GatherRows(carry_.current.puzzle_ids)}};
}

void Trainer::Reduce(StepSums& sums) const {
  // Defined on all ranks or on none: they skip the same steps.
  if (collective_->size() == 1 || !sums.sums.defined()) return;
  collective_->AllReduceSum(sums.sums);
  sums.Send();
}

void Trainer::SetForwardDtype(at::ScalarType dtype) {
  at::NoGradGuard no_grad;
  model_->SetForwardDtype(dtype);
  for (const std::unique_ptr<Model>& replica : replicas_) {
    replica->SetForwardDtype(dtype);
  }
  carry_.latents = {carry_.latents.z_h.to(dtype), carry_.latents.z_l.to(dtype)};
  ClearGraphs();
}

bool Trainer::UseGradients(const Tensor& row_grad, bool rows_only) {
  Tensor all_finite =
      at::ones({}, model_->flat_grad().options().dtype(at::kBool));
  for (const Tensor& grad :
       {row_grad, rows_only ? Tensor() : model_->flat_grad()}) {
    if (grad.defined()) {
      all_finite = all_finite.logical_and(at::isfinite(grad).all());
    }
  }
  const bool finite = all_finite.item<bool>();
  // The gradients are those of all ranks already: all find the same.
  const double scale = loss_scale.scale;
  loss_scale.Update(finite);
  if (finite) {
    if (row_grad.defined()) row_grad.mul_(1 / scale);
    if (!rows_only) model_->flat_grad().mul_(1 / scale);
    return true;
  }
  // Latents that overflowed too would spoil all steps to come.
  const auto broken = [](const Tensor& z) {
    return at::logical_not(at::isfinite(z).flatten(1).all(1));
  };
  carry_.halted = carry_.halted.logical_or(
      broken(carry_.latents.z_h).logical_or(broken(carry_.latents.z_l)));
  if (loss_scale.gave_up) {
    SetForwardDtype(at::kFloat);
    if (log_ != nullptr) {
      log_->Warning(absl::StrCat(
          "step ", step_, ": ", loss_scale.skipped_in_a_row,
          " steps in a row overflowed in float16; training falls back to "
          "float32 on repeated overflow and goes on, slower"));
    }
  }
  return false;
}

Batch Trainer::DrawBatch() {
  const Tensor halted = halted_.Wait();
  const bool* flags = halted.const_data_ptr<bool>();
  const int64_t batch = rows_.size;
  const int64_t cells = options_.num_cells();
  int64_t* ids = current_ids_.mutable_data_ptr<int64_t>();
  int64_t* windows = windows_.mutable_data_ptr<int64_t>();
  auto* inputs = fresh_.mutable_data_ptr<uint8_t>();
  uint8_t* labels = inputs + batch * cells;
  // All ranks draw for all rows, so that their streams stay the same.
  for (int64_t b = 0; b < train_.batch; ++b) {
    if (!flags[b]) continue;
    const ExampleQueue::Entry entry = examples_.Next();
    ids[b] = entry.example.puzzle_id;
    const Window& window = entry.example.window;
    windows[4 * b] = window.size.rows;
    windows[4 * b + 1] = window.size.cols;
    windows[4 * b + 2] = window.origin.row;
    windows[4 * b + 3] = window.origin.col;
    const int64_t own = b - rows_.begin;
    if (own < 0 || own >= batch) continue;
    examples_.Encode(entry, inputs + own * cells, labels + own * cells);
  }
  const at::Device device = model_->device();
  const Tensor fresh = ToDevice(fresh_, device, at::kLong);
  Batch out;
  out.tokens = fresh[0];
  out.labels = at::where(fresh[1] == kPadToken, kIgnoredLabel, fresh[1]);
  out.puzzle_ids = ToDevice(current_ids_.narrow(0, rows_.begin, batch), device);
  return out;
}

bool Trainer::Finite() const {
  at::NoGradGuard no_grad;
  // What is no number, or infinite, stays so in a sum, which takes no memory.
  return std::isfinite((model_->flat().sum() + table_.sum()).item<double>());
}

void Trainer::DrawAhead() {
  // With several ranks it is not known whose row an example will be.
  examples_.DrawAhead(train_.batch, /*encode=*/collective_->size() == 1);
}

std::vector<std::vector<RowGroup>> Trainer::DivideBatch() const {
  std::vector<GridSize> sizes;
  const int64_t* windows = windows_.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < rows_.size; ++row) {
    const int64_t* window = windows + 4 * (rows_.begin + row);
    sizes.push_back({static_cast<int>(window[0]), static_cast<int>(window[1])});
  }
  return DivideRows(
      sizes, [this](int64_t cells) { return model_->RowCost(cells); },
      workers_->count());
}

Trainer::GroupDone Trainer::RunGroup(int worker, const RowGroup& group,
                                     const Batch& fresh,
                                     const Tensor& min_steps,
                                     Tensor& row_grad) {
  const auto at = static_cast<size_t>(worker);
  const Model& model = worker == 0 ? *model_ : *replicas_[at - 1];
  const int64_t cells = group.size.cells();
  const at::Device device = model.device();
  const Tensor rows = at::tensor(group.rows, at::dtype(at::kLong));
  const Tensor index = ToDevice(rows, device);
  const auto part = [&](const Tensor& whole) {
    return whole.index_select(0, index);
  };
  const auto cut = [&](const Tensor& whole, int64_t length) {
    return part(whole.narrow(1, 0, length));
  };
  const int64_t positions = options_.puzzle_prefix + cells;
  const auto cut_batch = [&](const Batch& b) {
    return Batch{cut(b.tokens, cells), cut(b.labels, cells),
                 part(b.puzzle_ids)};
  };
  GroupInput input;
  Carry& carry = input.carry;
  carry = {
      {cut(carry_.latents.z_h, positions), cut(carry_.latents.z_l, positions)},
      part(carry_.steps),
      part(carry_.halted),
      cut_batch(carry_.current)};
  AdmitBatch(model, cut_batch(fresh), carry);
  carry.current.windows.size = group.size;
  const Tensor own = windows_.narrow(0, rows_.begin, rows_.size)
                         .narrow(1, 2, 2)
                         .index_select(0, rows);
  if (own.any().item<bool>()) {
    carry.current.windows.origins = ToDevice(own, device);
  }
  std::vector<int64_t> of_batch = group.rows;
  for (int64_t& row : of_batch) row += rows_.begin;
  AddNoise(of_batch, carry);
  input.rows = table_.index_select(0, carry.current.puzzle_ids);
  if (min_steps.defined()) input.min_steps = part(min_steps);
  const double scale = model.dtype() == at::kHalf ? loss_scale.scale : 1;
  input.divisor = at::full({}, static_cast<double>(train_.batch) / scale,
                           at::device(device).dtype(at::kDouble));
  GroupOutput output = graphs_.empty() ? StepGroup(model, train_, input)
                                       : graphs_[at]->Run(input);
  const DistinctRows distinct(device);
  if (row_grad.defined()) row_grad.index_copy_(0, index, output.row_grad);
  return {index, std::move(output), std::move(carry.current)};
}

void Trainer::KeepCarry(const GroupDone& done) {
  at::NoGradGuard no_grad;
  const DistinctRows distinct(model_->device());
  const auto keep = [&](const Tensor& part, const Tensor& whole) {
    (part.dim() > 1 ? whole.narrow(1, 0, part.size(1)) : whole)
        .index_copy_(0, done.index, part);
  };
  keep(done.output.latents.z_h, carry_.latents.z_h);
  keep(done.output.latents.z_l, carry_.latents.z_l);
  keep(done.output.steps, carry_.steps);
  keep(done.output.halted, carry_.halted);
  keep(done.current.tokens, carry_.current.tokens);
  keep(done.current.labels, carry_.current.labels);
  keep(done.current.puzzle_ids, carry_.current.puzzle_ids);
}

void Trainer::ClearGraphs() {
  for (const std::unique_ptr<StepGraphs>& graphs : graphs_) graphs->Clear();
}

int64_t Trainer::replays() const {
  int64_t sum = 0;
  for (const std::unique_ptr<StepGraphs>& graphs : graphs_) {
    sum += graphs->replays();
  }
  return sum;
}

// train.start_noise for the rows that begin, train.latent_noise for all.
void Trainer::AddNoise(const std::vector<int64_t>& rows, Carry& carry) const {
  if (train_.start_noise <= 0 && train_.latent_noise <= 0) return;
  at::NoGradGuard no_grad;
  std::vector<Random> seeds;
  for (int64_t row : rows) {
    seeds.emplace_back(seed_, absl::StrCat("latent noise ", step_, " ", row));
  }
  Latents& latents = carry.latents;
  if (train_.start_noise > 0) {
    const Tensor begins = carry.halted.view({-1, 1, 1});
    for (Tensor* z : {&latents.z_h, &latents.z_l}) {
      *z = at::where(begins, WithRowNoise(*z, train_.start_noise, seeds), *z);
    }
  }
  if (train_.latent_noise > 0) {
    latents.z_l = WithRowNoise(latents.z_l, train_.latent_noise, seeds);
  }
}

// train.curriculum_share: cycles grow with the run.
void Trainer::SetCycles(double progress, bool rows_only) {
  const double share = train_.curriculum_share > 0
                           ? std::min(1.0, progress / train_.curriculum_share)
                           : 1;
  const auto part = [&](int cycles) {
    return std::max(1, static_cast<int>(std::ceil(share * cycles)));
  };
  const int h_cycles = part(options_.h_cycles);
  const int l_cycles = part(options_.l_cycles);
  model_->SetCycles(h_cycles, l_cycles);
  for (const std::unique_ptr<Model>& replica : replicas_) {
    replica->SetCycles(h_cycles, l_cycles);
  }
  const std::array<int, 3> now = {h_cycles, l_cycles, rows_only ? 1 : 0};
  if (now != recorded_) ClearGraphs();
  recorded_ = now;
}

bool Trainer::CanUndo() const {
  return model_->device().is_cpu() && graphs_.empty() &&
         collective_->size() == 1;
}

Trainer::StepStart Trainer::RememberStart() const {
  return {examples_, exploration_,     current_ids_.clone(), windows_.clone(),
          step_,     rows_only_steps_, learning_rate_};
}

void Trainer::Undo(StepStart start) {
  examples_ = std::move(start.examples);
  exploration_ = start.exploration;
  current_ids_.copy_(start.current_ids);
  windows_.copy_(start.windows);
  step_ = start.step;
  rows_only_steps_ = start.rows_only_steps;
  learning_rate_ = start.learning_rate;
}

Tensor Trainer::DrawMinSteps() {
  if (options_.exploration <= 0 || options_.halt_max_steps <= 1) return {};
  // Redrawn every step, so it only delays halting (as published).
  Tensor host = at::zeros({train_.batch}, at::kLong);
  for (int64_t b = 0; b < train_.batch; ++b) {
    if (exploration_.Chance(options_.exploration)) {
      host.mutable_data_ptr<int64_t>()[b] =
          exploration_.Between(2, options_.halt_max_steps);
    }
  }
  return ToDevice(host.narrow(0, rows_.begin, rows_.size), model_->device());
}

bool Trainer::ComputeGradients(const Batch& fresh, bool rows_only,
                               Tensor& row_grad, std::vector<Tensor>& sums) {
  const Tensor min_steps = DrawMinSteps();
  const std::vector<std::vector<RowGroup>> groups = DivideBatch();
  if (options_.puzzle_prefix > 0) {
    row_grad = at::empty({rows_.size, options_.hidden}, table_.options());
  }
  // A step that can be undone moves the carry on only when all is computed.
  const bool later = CanUndo();
  std::vector<std::vector<GroupDone>> done(groups.size());
  try {
    workers_->Run([&](int worker) {
      const auto at = static_cast<size_t>(worker);
      Model& model = worker == 0 ? *model_ : *replicas_[at - 1];
      model.RequireGradients(!rows_only);
      model.flat_grad().zero_();
      for (const RowGroup& group : groups[at]) {
        GroupDone now = RunGroup(worker, group, fresh, min_steps, row_grad);
        if (!later) {
          KeepCarry(now);
          now.output.latents = {};
        }
        done[at].push_back(std::move(now));
      }
    });
  } catch (const Interruption&) {
    return false;
  }
  for (const std::vector<GroupDone>& some : done) {
    for (const GroupDone& now : some) {
      if (later) KeepCarry(now);
      sums.push_back(now.output.sums);
    }
  }
  return true;
}

bool Trainer::Step(StepSums& sums, double progress, const Deadline& abort) {
  std::optional<InterruptScope> interruptible;
  std::optional<StepStart> start;
  if (CanUndo()) {
    interruptible.emplace(abort);
    start.emplace(RememberStart());
  }
  // Once the network learns, it goes on learning: a run that is resumed with
  // more time must not fall back.
  const bool rows_only =
      step_ == rows_only_steps_ && progress < train_.rows_only_share;
  ++step_;
  if (rows_only) ++rows_only_steps_;
  const double decay =
      train_.decay_share > 0
          ? std::clamp((1 - progress) / train_.decay_share, 0.0, 1.0)
          : 1;
  learning_rate_ = rows_only
                       ? 0
                       : decay * WarmupLearningRate(train_.learning_rate,
                                                    step_ - rows_only_steps_,
                                                    train_.warmup_steps);
  SetCycles(progress, rows_only);
  Tensor row_grad;
  std::vector<Tensor> group_sums;
  if (!ComputeGradients(DrawBatch(), rows_only, row_grad, group_sums)) {
    Undo(*std::move(start));
    return false;
  }
  interruptible.reset();

  at::NoGradGuard no_grad;
  if (!rows_only) {
    // Added in the order of the rows: the same threads give the same bytes.
    for (const std::unique_ptr<Model>& replica : replicas_) {
      model_->flat_grad().add_(replica->flat_grad());
    }
    collective_->AllReduceSum(model_->flat_grad());
  }
  if (row_grad.defined()) row_grad = GatherRows(row_grad);
  const bool scaled = model_->dtype() == at::kHalf;
  const bool use = !scaled || UseGradients(row_grad, rows_only);
  if (use) {
    for (const Tensor& now : group_sums) sums.Add(now);
    ++sums.optimizer_steps;
    // Before what else is queued: the flags are waited for anyway.
    if (collective_->size() == 1) sums.Send();
  }
  halted_.Start(GatherRows(carry_.halted));
  if (use) UpdateWeights(row_grad, rows_only, decay);
  // The device is busy with all this; the host is not.
  if (use && model_->device().is_cuda()) DrawAhead();
  return true;
}

void Trainer::UpdateWeights(const Tensor& row_grad, bool rows_only,
                            double decay) {
  const int64_t* ids = current_ids_.const_data_ptr<int64_t>();
  for (int64_t b = 0; b < train_.batch; ++b) {
    ++updates_[static_cast<size_t>(ids[b])];
  }
  if (row_grad.defined()) {
    SignSgdUpdate(table_, current_ids_, row_grad,
                  decay * WarmupLearningRate(train_.puzzle_learning_rate, step_,
                                             train_.warmup_steps),
                  train_.puzzle_weight_decay);
  }
  if (!rows_only) {
    adam_->Update(model_->flat(), model_->flat_grad(), learning_rate_,
                  train_.weight_decay, train_.beta1, train_.beta2, ema_,
                  train_.ema);
  }
}

std::unique_ptr<Predictor> Trainer::MakePredictor() const {
  at::NoGradGuard no_grad;
  Random unused(0, "init");
  auto model = std::make_unique<Model>(options_, model_->device(),
                                       model_->dtype(), unused);
  model->flat().copy_(ema_.defined() ? ema_ : model_->flat());
  model->h_init.copy_(model_->h_init);
  model->l_init.copy_(model_->l_init);
  return internal::MakePredictor(std::move(model), table_, train_.FittedStep(),
                                 {}, workers_);
}

}  // namespace arctrm::internal
