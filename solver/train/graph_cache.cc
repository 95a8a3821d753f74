// SPDX-License-Identifier: MIT
#include "solver/train/graph_cache.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "solver/device/device.h"
#include "solver/device/transfer.h"
#include "solver/train/step_stats.h"

namespace arctrm::internal {
namespace {

// The first elements of `flat` as a tensor of `shape`.
Tensor Beginning(const Tensor& flat, const std::vector<int64_t>& shape) {
  int64_t numel = 1;
  for (int64_t size : shape) numel *= size;
  return flat.narrow(0, 0, numel).view(shape);
}

// The first `rows` batch rows of `all`.
BucketOutput FirstRows(const BucketOutput& all, int64_t rows) {
  const auto first = [rows](const Tensor& t) {
    return t.defined() ? t.narrow(0, 0, rows) : t;
  };
  return {{first(all.latents.z_h), first(all.latents.z_l)},
          first(all.steps),
          first(all.halted),
          first(all.embedding_grad),
          all.metrics.clone()};
}

// A copy in memory that replays do not change.
BucketOutput Copy(const BucketOutput& from) {
  const auto copy = [](const Tensor& t) { return t.defined() ? t.clone() : t; };
  return {{copy(from.latents.z_h), copy(from.latents.z_l)},
          copy(from.steps),
          copy(from.halted),
          copy(from.embedding_grad),
          copy(from.metrics)};
}

// The same operations give the same bits, but libraries may choose others while
// they are recorded.
bool AlmostEqual(const Tensor& a, const Tensor& b) {
  const Tensor expected = b.to(at::kDouble);
  const double largest = expected.abs().max().item<double>();
  const double error =
      (a.to(at::kDouble) - expected).abs().max().item<double>();
  return error <= 1e-2 * largest;
}

}  // namespace

BucketOutput StepBucket(const Model& model, const LossOptions& loss_options,
                        const BucketInput& input) {
  Carry carry = input.carry;
  const Tensor embedding_rows = input.embedding_rows.detach();
  embedding_rows.set_requires_grad(true);
  const ActOutput out = ActStep(model, embedding_rows, /*training=*/true,
                                input.min_steps, loss_options, carry);
  const LossOutput& loss = out.loss;
  (loss.loss / input.divisor).backward();
  const MetricValues<Tensor> metrics = {
      .lm_loss = loss.lm_loss,
      .q_halt_loss = loss.q_halt_loss,
      .q_continue_loss = loss.q_continue_loss,
      .halted_rows = loss.count,
      .accuracy = loss.accuracy,
      .exact_accuracy = loss.exact_accuracy,
      .q_halt_accuracy = loss.q_halt_accuracy,
      .supervision_steps = loss.steps,
  };
  return {carry.latents, carry.steps, carry.halted, embedding_rows.grad(),
          PackMetrics(metrics)};
}

int64_t PaddedRows(int64_t rows, int64_t max) {
  // Multiples of 4 up to 32; above, five to eight times a power of two.
  int64_t unit = 4;
  while (8 * unit < rows) unit *= 2;
  return std::min((rows + unit - 1) / unit * unit, max);
}

GraphCache::GraphCache(const Model* model, const LossOptions& loss,
                       int64_t max_rows, std::unique_ptr<StepRecorder> recorder,
                       bool timed, Log* log)
    : model_(model),
      loss_(loss),
      max_rows_(max_rows),
      recorder_(std::move(recorder)),
      timed_(timed),
      log_(log) {}

void GraphCache::Clear() {
  entries_.clear();
  memory_ = {};
}

size_t GraphCache::recordings() const {
  return static_cast<size_t>(std::count_if(
      entries_.begin(), entries_.end(),
      [](const auto& entry) { return entry.second.recording != nullptr; }));
}

BucketOutput GraphCache::Run(const BucketInput& input) {
  if (recorder_ == nullptr) return StepBucket(*model_, loss_, input);
  const GridSize size = input.carry.current.windows.size;
  const int64_t rows = input.embedding_rows.size(0);
  const int64_t padded = PaddedRows(rows, max_rows_);
  CacheEntry& entry = entries_[{size, padded}];
  if (entry.recording != nullptr) {
    Fill(input, entry.input);
    entry.recording->Replay();
    ++replays_;
    return FirstRows(entry.output, rows);
  }
  const Tensor grad_before = model_->flat_grad().clone();
  try {
    if (++entry.seen == 1 || recordings() >= kMaxGraphs) {
      // Runs on the stream of the recordings, because cached memory belongs to
      // one stream.
      BucketOutput out;
      recorder_->Run([&] { out = StepBucket(*model_, loss_, input); });
      return out;
    }
    entry.input = Place(padded, size);
    return RunAndRecord(input, grad_before, entry);
  } catch (const c10::Error& e) {
    // Recordings keep memory of their own.
    if (!RanOutOfMemory(e) || !memory_.embedding_rows.defined()) throw;
  }
  StopRecording("recordings leave too little memory for other steps");
  model_->flat_grad().copy_(grad_before);
  return StepBucket(*model_, loss_, input);
}

BucketOutput GraphCache::RunAndRecord(const BucketInput& input,
                                      const Tensor& grad_before,
                                      CacheEntry& entry) {
  const int64_t rows = input.embedding_rows.size(0);
  const auto work = [this, &entry] {
    entry.output = StepBucket(*model_, loss_, entry.input);
    // Write latents, the largest outputs, back to the input memory.
    Latents& own = entry.input.carry.latents;
    own.z_h.copy_(entry.output.latents.z_h);
    own.z_l.copy_(entry.output.latents.z_l);
    entry.output.latents = own;
  };
  Fill(input, entry.input);
  const absl::Time start = absl::Now();
  recorder_->Run(work);
  if (!proven_) WaitForTensor(entry.output.metrics);
  const absl::Duration plain_time = absl::Now() - start;
  BucketOutput done = Copy(FirstRows(entry.output, rows));
  auto recorded = recorder_->Record(work);
  if (!recorded.ok()) {
    StopRecording(absl::StrCat("a step could not be recorded: ",
                               recorded.status().message()));
    return done;
  }
  entry.recording = *std::move(recorded);
  if (proven_) return done;
  const Tensor grad_after = model_->flat_grad().clone();
  model_->flat_grad().copy_(grad_before);
  const std::string problem = Prove(input, done, grad_after, plain_time, entry);
  model_->flat_grad().copy_(grad_after);
  proven_ = true;
  if (!problem.empty()) StopRecording(problem);
  return done;
}

std::string GraphCache::Prove(const BucketInput& input,
                              const BucketOutput& plain, const Tensor& grad,
                              absl::Duration plain_time, CacheEntry& entry) {
  Fill(input, entry.input);
  WaitForTensor(entry.input.divisor);
  const absl::Time start = absl::Now();
  entry.recording->Replay();
  WaitForTensor(entry.output.metrics);
  const absl::Duration recorded_time = absl::Now() - start;
  const BucketOutput recorded =
      FirstRows(entry.output, input.embedding_rows.size(0));
  const std::array<std::pair<Tensor, Tensor>, 5> pairs = {
      {{recorded.latents.z_h, plain.latents.z_h},
       {recorded.latents.z_l, plain.latents.z_l},
       {recorded.embedding_grad, plain.embedding_grad},
       {recorded.metrics, plain.metrics},
       {model_->flat_grad(), grad}}};
  for (const auto& [a, b] : pairs) {
    if (a.defined() && !AlmostEqual(a, b)) {
      return "a recorded step computes other results than the plain step here";
    }
  }
  // Measurements vary by a few per cent.
  if (timed_ && recorded_time > 1.05 * plain_time) {
    return absl::StrFormat(
        "a recorded step is slower here (%.3g ms against %.3g ms)",
        absl::ToDoubleMilliseconds(recorded_time),
        absl::ToDoubleMilliseconds(plain_time));
  }
  return "";
}

void GraphCache::StopRecording(const std::string& why) {
  Clear();
  recorder_ = nullptr;
  if (log_ != nullptr) {
    log_->Warning(absl::StrCat("train.graphs: ", why,
                               "; training continues without CUDA graphs"));
  }
}

BucketInput GraphCache::Place(int64_t rows, GridSize size) {
  const ModelOptions& net = model_->options();
  if (!memory_.embedding_rows.defined()) {
    const auto zeros = [&](int64_t each, at::ScalarType type) {
      return at::zeros({max_rows_ * each},
                       at::device(model_->device()).dtype(type));
    };
    const int64_t latent = int64_t{net.num_positions()} * net.hidden;
    memory_.carry.latents = {zeros(latent, model_->dtype()),
                             zeros(latent, model_->dtype())};
    memory_.carry.steps = zeros(1, at::kLong);
    Batch& batch = memory_.carry.current;
    batch.tokens = zeros(net.num_cells(), at::kLong);
    batch.labels = zeros(net.num_cells(), at::kLong);
    batch.windows.origins = zeros(2, at::kLong);
    batch.row_mask = zeros(1, at::kFloat);
    memory_.embedding_rows = zeros(net.hidden, at::kFloat);
    memory_.min_steps = zeros(1, at::kLong);
    memory_.divisor =
        at::ones({}, memory_.embedding_rows.options().dtype(at::kDouble));
  }
  const Carry& whole = memory_.carry;
  const int64_t cells = size.cells();
  const std::vector<int64_t> latent = {rows, net.puzzle_prefix + cells,
                                       net.hidden};
  BucketInput part;
  part.carry.latents = {Beginning(whole.latents.z_h, latent),
                        Beginning(whole.latents.z_l, latent)};
  part.carry.steps = Beginning(whole.steps, {rows});
  part.carry.current.tokens = Beginning(whole.current.tokens, {rows, cells});
  part.carry.current.labels = Beginning(whole.current.labels, {rows, cells});
  part.carry.current.windows.size = size;
  if (cells < net.num_cells()) {
    part.carry.current.windows.origins =
        Beginning(whole.current.windows.origins, {rows, 2});
  }
  part.carry.current.row_mask = Beginning(whole.current.row_mask, {rows});
  part.embedding_rows = Beginning(memory_.embedding_rows, {rows, net.hidden});
  if (net.exploration > 0 && net.halt_max_steps > 1) {
    part.min_steps = Beginning(memory_.min_steps, {rows});
  }
  part.divisor = memory_.divisor;
  return part;
}

void GraphCache::Fill(const BucketInput& from, BucketInput& to) {
  at::NoGradGuard no_grad;
  const int64_t rows = from.embedding_rows.size(0);
  const int64_t rest = to.embedding_rows.size(0) - rows;
  // Finite padding, so that its gradients are 0 instead of NaN.
  const auto put = [&](const Tensor& source, const Tensor& target,
                       int64_t otherwise = 0) {
    if (!target.defined()) return;
    const Tensor own = target.narrow(0, 0, rows);
    if (source.defined()) {
      own.copy_(source);
    } else {
      own.zero_();
    }
    if (rest > 0) target.narrow(0, rows, rest).fill_(otherwise);
  };
  put(from.carry.latents.z_h, to.carry.latents.z_h);
  put(from.carry.latents.z_l, to.carry.latents.z_l);
  put(from.carry.steps, to.carry.steps);
  const Batch& batch = from.carry.current;
  put(batch.tokens, to.carry.current.tokens);
  put(batch.labels, to.carry.current.labels, kIgnoredLabel);
  put(batch.windows.origins, to.carry.current.windows.origins);
  put(from.embedding_rows, to.embedding_rows);
  put(from.min_steps, to.min_steps);
  to.carry.current.row_mask.narrow(0, 0, rows).fill_(1);
  if (rest > 0) to.carry.current.row_mask.narrow(0, rows, rest).zero_();
  to.divisor.copy_(from.divisor);
}

}  // namespace arctrm::internal
