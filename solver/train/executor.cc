// SPDX-License-Identifier: MIT
#include "solver/train/executor.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "solver/device/exceptions.h"
#include "solver/device/libtorch_warnings.h"
#include "solver/device/transfer.h"

namespace arctrm::internal {
namespace {

// Allows the nondeterministic index_copy_ on a GPU: the deterministic one sorts
// the indices and copies its target twice. The batch rows of a size bucket are
// distinct, so any order gives the same bytes.
class AllowNondeterministicScope {
 public:
  explicit AllowNondeterministicScope(at::Device device)
      : on_(!device.is_cpu()) {
    if (on_) context_.setDeterministicAlgorithms(false, false);
  }
  AllowNondeterministicScope(const AllowNondeterministicScope&) = delete;
  AllowNondeterministicScope& operator=(const AllowNondeterministicScope&) =
      delete;
  ~AllowNondeterministicScope() {
    if (on_) context_.setDeterministicAlgorithms(was_, warned_);
  }

 private:
  at::Context& context_ = at::globalContext();
  bool was_ = context_.deterministicAlgorithms();
  bool warned_ = context_.deterministicAlgorithmsWarnOnly();
  // Only one thread computes on a GPU, so it may set the process-wide flag.
  bool on_;
};

// `z` (n, T, D) plus normal noise. Each batch row has its own seed, so its
// noise does not depend on the other batch rows.
Tensor WithRowNoise(const Tensor& z, double std, std::vector<Random>& seeds) {
  std::vector<Tensor> noise;
  noise.reserve(seeds.size());
  for (Random& seed : seeds) {
    noise.push_back(at::randn(z.sizes().slice(1),
                              at::detail::createCPUGenerator(seed.Next()),
                              at::dtype(at::kFloat)));
  }
  return z + ToDevice((at::stack(noise) * std).to(z.scalar_type()), z.device());
}

}  // namespace

Executor::Executor(const TrainRequest& request, Model* model,
                   std::unique_ptr<Collective> collective,
                   const RecorderFactory& recorder, Log* log)
    : train_(request.spec.train),
      loss_(request.spec.train),
      seed_(request.spec.seed),
      model_(model),
      collective_(std::move(collective)) {
  const int64_t rows =
      SliceOf(train_.batch, collective_->size(), collective_->rank()).size;
  workers_ = std::make_shared<BatchThreadPool>(
      model->device().is_cpu() ? rows : 1, train_.deterministic);
  for (int i = 1; i < workers_->count(); ++i) {
    replicas_.push_back(model->Replica());
  }
  if (!recorder) return;
  for (int i = 0; i < workers_->count(); ++i) {
    graphs_.push_back(std::make_unique<GraphCache>(
        &replica(static_cast<size_t>(i)), loss_, rows, recorder(),
        /*timed=*/model->device().is_cuda() && train_.graphs == "auto", log));
  }
}

bool Executor::ComputeGradients(const Batch& fresh, const Tensor& min_steps,
                                const StepSchedule& schedule, TrainState& state,
                                Gradients& out) {
  Configure(schedule);
  const std::vector<std::vector<SizeBucket>> buckets = DivideRows(state.batch);
  if (model_->options().puzzle_prefix > 0) {
    out.embedding_grad =
        at::empty({state.batch.slice.size, model_->options().hidden},
                  state.embeddings.rows.options());
  }
  // If the step can be undone, the carry advances after all computations.
  const bool keep_at_end = CanUndo();
  std::vector<std::vector<BucketDone>> done(buckets.size());
  try {
    workers_->Run([&](int worker) {
      const HideDeterminismWarnings hide;
      const auto thread = static_cast<size_t>(worker);
      Model& model = replica(thread);
      model.RequireGradients(!schedule.rows_only);
      model.flat_grad().zero_();
      for (const SizeBucket& bucket : buckets[thread]) {
        BucketDone now = RunBucket(thread, bucket, fresh, min_steps, state,
                                   out.embedding_grad);
        if (!keep_at_end) {
          KeepCarry(now, state.batch.carry);
          now.output.latents = {};
        }
        done[thread].push_back(std::move(now));
      }
    });
  } catch (const Interruption&) {
    return false;
  }
  for (const std::vector<BucketDone>& of_thread : done) {
    for (const BucketDone& now : of_thread) {
      if (keep_at_end) KeepCarry(now, state.batch.carry);
      out.metrics.push_back(now.output.metrics);
    }
  }
  return true;
}

void Executor::ReduceGradients(const StepSchedule& schedule,
                               Gradients& gradients) {
  at::NoGradGuard no_grad;
  if (!schedule.rows_only) {
    for (const std::unique_ptr<Model>& replica : replicas_) {
      model_->flat_grad().add_(replica->flat_grad());
    }
    collective_->AllReduceSum(model_->flat_grad());
  }
  if (gradients.embedding_grad.defined()) {
    gradients.embedding_grad = GatherRows(gradients.embedding_grad);
  }
  Tensor sum;
  for (const Tensor& metrics : gradients.metrics) {
    sum = sum.defined() ? sum + metrics : metrics;
  }
  if (collective_->size() > 1) collective_->AllReduceSum(sum);
  gradients.metrics = {sum};
}

void Executor::Configure(const StepSchedule& schedule) {
  model_->SetCycles(schedule.h_cycles, schedule.l_cycles);
  for (const std::unique_ptr<Model>& replica : replicas_) {
    replica->SetCycles(schedule.h_cycles, schedule.l_cycles);
  }
  const std::array<int, 3> now = {schedule.h_cycles, schedule.l_cycles,
                                  schedule.rows_only ? 1 : 0};
  if (now != recorded_) ClearRecordings();
  recorded_ = now;
}

std::vector<std::vector<SizeBucket>> Executor::DivideRows(
    const BatchState& batch) const {
  std::vector<GridSize> sizes;
  const int64_t* windows = batch.windows.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < batch.slice.size; ++row) {
    const int64_t* window = windows + 4 * (batch.slice.begin + row);
    sizes.push_back({static_cast<int>(window[0]), static_cast<int>(window[1])});
  }
  return internal::DivideRows(
      sizes, [this](int64_t cells) { return model_->RowCost(cells); },
      workers_->count());
}

Executor::BucketDone Executor::RunBucket(
    size_t thread, const SizeBucket& bucket, const Batch& fresh,
    const Tensor& min_steps, const TrainState& state, Tensor& embedding_grad) {
  const Model& model = replica(thread);
  const Tensor index =
      ToDevice(at::tensor(bucket.rows, at::dtype(at::kLong)), model.device());
  BucketInput input = MakeInput(model, bucket, index, fresh, min_steps, state);
  BucketOutput output = graphs_.empty() ? StepBucket(model, loss_, input)
                                        : graphs_[thread]->Run(input);
  const AllowNondeterministicScope any_order(model.device());
  if (embedding_grad.defined())
    embedding_grad.index_copy_(0, index, output.embedding_grad);
  return {index, std::move(output), std::move(input.carry.current)};
}

BucketInput Executor::MakeInput(const Model& model, const SizeBucket& bucket,
                                const Tensor& index, const Batch& fresh,
                                const Tensor& min_steps,
                                const TrainState& state) const {
  const at::Device device = model.device();
  const int64_t cells = bucket.size.cells();
  const int64_t positions = model.options().puzzle_prefix + cells;
  const auto rows_of = [&](const Tensor& whole) {
    return whole.index_select(0, index);
  };
  const auto cut = [&](const Tensor& whole, int64_t length) {
    return rows_of(whole.narrow(1, 0, length));
  };
  const auto cut_batch = [&](const Batch& whole) {
    return Batch{cut(whole.tokens, cells), cut(whole.labels, cells),
                 rows_of(whole.embedding_ids)};
  };
  const BatchState& batch = state.batch;
  BucketInput input;
  input.carry = {{cut(batch.carry.latents.z_h, positions),
                  cut(batch.carry.latents.z_l, positions)},
                 rows_of(batch.carry.steps),
                 rows_of(batch.carry.halted),
                 cut_batch(batch.carry.current)};
  AdmitBatch(model, cut_batch(fresh), input.carry);
  input.carry.current.windows.size = bucket.size;
  const Tensor origins =
      batch.windows.narrow(0, batch.slice.begin, batch.slice.size)
          .narrow(1, 2, 2)
          .index_select(0, at::tensor(bucket.rows, at::dtype(at::kLong)));
  if (origins.any().item<bool>()) {
    input.carry.current.windows.origins = ToDevice(origins, device);
  }
  std::vector<int64_t> places = bucket.rows;
  for (int64_t& place : places) place += batch.slice.begin;
  AddNoise(places, state.counters.step, input.carry);
  input.embedding_rows =
      state.embeddings.rows.index_select(0, input.carry.current.embedding_ids);
  if (min_steps.defined()) input.min_steps = rows_of(min_steps);
  const double scale = model.dtype() == at::kHalf ? state.loss_scale.scale : 1;
  input.divisor = at::full({}, static_cast<double>(train_.batch) / scale,
                           at::device(device).dtype(at::kDouble));
  return input;
}

void Executor::AddNoise(const std::vector<int64_t>& rows, int64_t step,
                        Carry& carry) const {
  if (train_.start_noise <= 0 && train_.latent_noise <= 0) return;
  at::NoGradGuard no_grad;
  std::vector<Random> seeds;
  seeds.reserve(rows.size());
  for (int64_t row : rows) {
    seeds.emplace_back(seed_, absl::StrCat("latent noise ", step, " ", row));
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

void Executor::KeepCarry(const BucketDone& done, Carry& carry) const {
  at::NoGradGuard no_grad;
  const AllowNondeterministicScope any_order(model_->device());
  const auto keep = [&](const Tensor& part, const Tensor& whole) {
    (part.dim() > 1 ? whole.narrow(1, 0, part.size(1)) : whole)
        .index_copy_(0, done.index, part);
  };
  keep(done.output.latents.z_h, carry.latents.z_h);
  keep(done.output.latents.z_l, carry.latents.z_l);
  keep(done.output.steps, carry.steps);
  keep(done.output.halted, carry.halted);
  keep(done.current.tokens, carry.current.tokens);
  keep(done.current.labels, carry.current.labels);
  keep(done.current.embedding_ids, carry.current.embedding_ids);
}

Tensor Executor::GatherRows(const Tensor& own) const {
  const int size = collective_->size();
  if (size == 1) return own;
  // All processes must send the same size; slices differ by at most one row.
  const int64_t max_rows = (train_.batch + size - 1) / size;
  Tensor sent = own;
  if (own.size(0) < max_rows) {
    std::vector<int64_t> shape = own.sizes().vec();
    shape[0] = max_rows - own.size(0);
    sent = at::cat({own, at::zeros(shape, own.options())});
  }
  const Tensor all = collective_->AllGather(sent);
  std::vector<Tensor> parts;
  parts.reserve(static_cast<size_t>(size));
  for (int rank = 0; rank < size; ++rank) {
    parts.push_back(
        all[rank].narrow(0, 0, SliceOf(train_.batch, size, rank).size));
  }
  return at::cat(parts);
}

Carry Executor::GatherCarry(const Carry& own) const {
  Carry all = {{GatherRows(own.latents.z_h), GatherRows(own.latents.z_l)},
               GatherRows(own.steps),
               GatherRows(own.halted),
               {GatherRows(own.current.tokens), GatherRows(own.current.labels),
                GatherRows(own.current.embedding_ids)}};
  collective_->Finish();
  return all;
}

void Executor::SetForwardDtype(at::ScalarType dtype, Carry& carry) {
  at::NoGradGuard no_grad;
  model_->SetForwardDtype(dtype);
  for (const std::unique_ptr<Model>& replica : replicas_) {
    replica->SetForwardDtype(dtype);
  }
  carry.latents = {carry.latents.z_h.to(dtype), carry.latents.z_l.to(dtype)};
  ClearRecordings();
}

bool Executor::CanUndo() const {
  return model_->device().is_cpu() && graphs_.empty() &&
         collective_->size() == 1;
}

void Executor::ClearRecordings() {
  for (const std::unique_ptr<GraphCache>& graphs : graphs_) graphs->Clear();
}

int64_t Executor::replays() const {
  int64_t sum = 0;
  for (const std::unique_ptr<GraphCache>& graphs : graphs_) {
    sum += graphs->replays();
  }
  return sum;
}

}  // namespace arctrm::internal
