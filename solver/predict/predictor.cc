// SPDX-License-Identifier: MIT
#include "solver/predict/predictor.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/StreamGuard.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint_info.h"
#include "solver/device/batch_thread_pool.h"
#include "solver/device/device.h"
#include "solver/device/transfer.h"
#include "solver/nn/kernel_proof.h"
#include "solver/nn/model.h"
#include "solver/nn/step_costs.h"
#include "solver/predict/prediction_step.h"
#include "solver/predict/second_answer.h"

namespace arctrm {
namespace {

using internal::Latents;
using internal::Model;
using internal::PredictionInput;
using internal::PredictionOutput;
using internal::PredictionSteps;
using internal::RecorderFactory;
using internal::StepCosts;

class ModelPredictor : public Predictor {
 public:
  // options.batch > 0. `recorder` may be empty.
  ModelPredictor(std::unique_ptr<Model> model, at::Tensor table,
                 int canvas_step, const PredictorOptions& options,
                 std::shared_ptr<internal::BatchThreadPool> workers,
                 const RecorderFactory& recorder, int64_t full_bucket)
      : model_(std::move(model)),
        table_(std::move(table)),
        canvas_step_(canvas_step),
        canvas_(model_->options().canvas()),
        options_(options),
        choice_(options.rollout_choice == "agreement"
                    ? internal::RolloutChoice::kAgreement
                    : internal::RolloutChoice::kConfidence),
        batch_(options.batch),
        full_bucket_(full_bucket),
        workers_(std::move(workers)) {
    MakeSteps(recorder);
    const at::Device device = model_->device();
    if (device.is_cpu() || workers_->count() == 1) return;
    for (int i = 0; i < workers_->count(); ++i) {
      streams_.push_back(internal::NewStream(device));
    }
  }

  Canvas canvas() const override { return canvas_; }
  int canvas_step() const override { return canvas_step_; }
  int max_batch() const override { return batch_; }
  int64_t full_bucket() const override { return full_bucket_; }
  std::vector<std::string> TakeWarnings() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(warnings_, {});
  }

  absl::StatusOr<std::vector<PredictorOutput>> Predict(
      absl::Span<const PredictorInput> inputs) override {
    return internal::CatchTorch(
        [&]() -> absl::StatusOr<std::vector<PredictorOutput>> {
          return Run(inputs);
        });
  }

 private:
  // One for each worker.
  void MakeSteps(const RecorderFactory& recorder) {
    // Workers get about equal parts of a batch.
    const int64_t positions = model_->options().num_positions();
    const int64_t most = positions * (batch_ / workers_->count() + 1);
    for (int i = 0; i < workers_->count(); ++i) {
      steps_.push_back(std::make_unique<PredictionSteps>(
          model_.get(), most, recorder ? recorder() : nullptr,
          [this](const std::string& why) { WarnOfPlainSteps(why); }));
    }
  }

  // Warns once of each reason.
  void WarnOfPlainSteps(const std::string& why) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!reasons_.insert(why).second) return;
    warnings_.push_back(absl::StrCat(
        "train.graphs: ", why, "; predictions continue without CUDA graphs"));
  }

  absl::StatusOr<std::vector<PredictorOutput>> Run(
      absl::Span<const PredictorInput> inputs) {
    at::NoGradGuard no_grad;
    ARCTRM_RETURN_IF_ERROR(Check(inputs));
    std::vector<GridSize> sizes;
    for (const PredictorInput& input : inputs) {
      sizes.push_back(SizeOf(input, canvas()));
    }
    const std::vector<std::vector<internal::SizeBucket>> buckets =
        internal::DivideRows(
            sizes, [this](int64_t cells) { return model_->RowCost(cells); },
            workers_->count());
    std::vector<PredictorOutput> outputs(inputs.size());
    const auto run = [&](int worker) {
      std::optional<c10::StreamGuard> stream;
      if (!streams_.empty()) {
        stream.emplace(streams_[static_cast<size_t>(worker)]);
      }
      Random noise(options_.seed, absl::StrCat("noise ", calls_, " ", worker));
      for (const internal::SizeBucket& bucket :
           buckets[static_cast<size_t>(worker)]) {
        RunBucket(bucket, inputs, noise.Next(),
                  *steps_[static_cast<size_t>(worker)],
                  absl::MakeSpan(outputs));
      }
    };
    RunAll(run);
    if (model_->dtype() == at::kHalf &&
        std::any_of(outputs.begin(), outputs.end(), [](const auto& output) {
          return !std::isfinite(output.halt_logit);
        })) {
      // Overflowed in float16: repeat in float32.
      model_->SetForwardDtype(at::kFloat);
      for (const auto& steps : steps_) steps->Clear();
      RunAll(run);
    }
    ++calls_;
    return outputs;
  }

  // Calls `run` on all workers. Their streams first wait for the work of the
  // caller's stream; all results are on the host when it returns.
  void RunAll(const std::function<void(int)>& run) const {
    for (const c10::Stream& stream : streams_) {
      internal::WaitFor(internal::CurrentStream(model_->device()), stream);
    }
    workers_->Run(run);
  }

  absl::Status Check(absl::Span<const PredictorInput> inputs) const {
    const ModelOptions& net = model_->options();
    const int64_t num_ids = table_.size(0);
    int64_t cells = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const PredictorInput& input = inputs[i];
      const auto size = static_cast<int64_t>(input.tokens.size());
      const bool fits = SizeOf(input, canvas()).cells() > 0 &&
                        (!net.mixer || size == net.num_cells());
      if (!fits || input.embedding_id < 0 || input.embedding_id >= num_ids) {
        return absl::InvalidArgumentError(absl::StrCat(
            "input ", i, ": ", size, " tokens in ", input.cols,
            " columns and embedding row ", input.embedding_id,
            "; this model takes ", net.canvas_side, " by ", net.canvas_side,
            " tokens", net.mixer ? "" : " or fewer",
            " and embedding rows below ", num_ids));
      }
      cells += size;
    }
    ARCTRM_CHECK(cells <= int64_t{batch_} * net.num_cells());
    return absl::OkStatus();
  }

  // Answers the inputs of a size bucket.
  void RunBucket(const internal::SizeBucket& bucket,
                 absl::Span<const PredictorInput> inputs, uint64_t noise_stream,
                 PredictionSteps& steps,
                 absl::Span<PredictorOutput> all) const {
    const auto count = static_cast<int64_t>(bucket.rows.size());
    const int64_t cells = bucket.size.cells();
    at::Tensor tokens = at::empty({count, cells}, at::kByte);
    at::Tensor ids = at::empty({count}, at::kLong);
    for (int64_t i = 0; i < count; ++i) {
      const PredictorInput& input =
          inputs[static_cast<size_t>(bucket.rows[static_cast<size_t>(i)])];
      std::copy(input.tokens.begin(), input.tokens.end(),
                tokens.mutable_data_ptr<uint8_t>() + i * cells);
      ids.mutable_data_ptr<int64_t>()[i] = input.embedding_id;
    }
    const at::Device device = model_->device();
    std::vector<PredictorOutput> outputs(bucket.rows.size());
    RunRows(internal::ToDevice(tokens, device, at::kLong),
            table_.index_select(0, internal::ToDevice(ids, device)),
            bucket.size, noise_stream, steps, absl::MakeSpan(outputs));
    for (size_t i = 0; i < outputs.size(); ++i) {
      all[static_cast<size_t>(bucket.rows[i])] = std::move(outputs[i]);
    }
  }

  void RunRows(const at::Tensor& tokens, const at::Tensor& rows, GridSize size,
               uint64_t noise_stream, PredictionSteps& steps,
               absl::Span<PredictorOutput> outputs) const {
    at::NoGradGuard no_grad;  // thread-local
    std::vector<std::vector<PredictorOutput>> answers(outputs.size());
    for (int rollout = 0; rollout < options_.rollouts; ++rollout) {
      std::optional<Random> noise;
      if (rollout > 0) {
        noise.emplace(noise_stream, absl::StrCat("rollout ", rollout));
      }
      std::vector<PredictorOutput> given(outputs.size());
      Rollout(tokens, rows, size, noise, steps, absl::MakeSpan(given));
      for (size_t i = 0; i < given.size(); ++i) {
        answers[i].push_back(std::move(given[i]));
      }
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i] = internal::ChooseRollout(std::move(answers[i]), choice_,
                                           IsArc() ? size : GridSize());
    }
  }

  // The batch rows that have not halted.
  struct Running {
    at::Tensor places;  // (n) int64 on the CPU: indices of their outputs
    PredictionInput input;
    at::Tensor answers;    // (n, cells) uint8, from the last step
    at::Tensor unchanged;  // (n) int64: steps since the answer changed
    // (n, cells) uint8 each: answers of earlier steps, if a second answer is
    // wanted.
    std::vector<at::Tensor> earlier;

    // Keeps only the batch rows `index`, int64 on the CPU.
    void Select(const at::Tensor& index) {
      places = places.index_select(0, index);
      const at::Tensor there = index.to(input.tokens.device());
      for (at::Tensor* t :
           {&input.tokens, &input.embedding_rows, &input.latents.z_h,
            &input.latents.z_l, &answers, &unchanged}) {
        if (t->defined()) *t = t->index_select(0, there);
      }
      for (at::Tensor& step : earlier) step = step.index_select(0, there);
    }
  };

  // Runs the supervision steps; `noise` seeds the added noise.
  void Rollout(const at::Tensor& tokens, const at::Tensor& rows, GridSize size,
               std::optional<Random>& noise, PredictionSteps& steps,
               absl::Span<PredictorOutput> outputs) const {
    const int last = model_->options().halt_max_steps;
    const double enough =
        options_.early_halt > 0 && options_.early_halt < 1
            ? std::log(options_.early_halt / (1 - options_.early_halt))
            : std::numeric_limits<double>::infinity();
    const bool all_steps = std::isinf(enough) && options_.stable_halt == 0;
    Running running;
    running.places = at::arange(tokens.size(0));
    running.input = {size, model_->StartLatents(tokens.size(0), tokens.size(1)),
                     tokens, rows};
    Latents& latents = running.input.latents;
    const auto disturb = [&](at::Tensor& z, double std) {
      if (noise.has_value() && std > 0) {
        z = Model::WithNoise(z, std, noise->Next());
      }
    };
    disturb(latents.z_h, options_.start_noise);
    disturb(latents.z_l, options_.start_noise);
    for (int step = 1; step <= last && running.places.size(0) > 0; ++step) {
      disturb(latents.z_l, options_.latent_noise);
      const PredictionOutput out = steps.Run(running.input);
      latents = out.latents;
      if (step < last && all_steps && !IsArc()) continue;
      const at::Tensor answers = out.answers.clone();
      if (step < last && all_steps) {
        running.earlier.push_back(answers);
        continue;
      }
      at::Tensor done = out.halt_logits >= enough;
      if (options_.stable_halt > 0) {
        if (step == 1) {
          running.unchanged = at::zeros_like(done, at::dtype(at::kLong));
        } else {
          running.unchanged = at::where((answers == running.answers).all(1),
                                        running.unchanged + 1, 0);
        }
        running.answers = answers;
        done = done.logical_or(running.unchanged >= options_.stable_halt);
      }
      done = step == last ? at::ones_like(done, at::device(at::kCPU))
                          : done.to(at::kCPU);
      if (done.any().item<bool>()) {
        Keep(out, done, running, size, step, outputs);
      }
      if (IsArc()) running.earlier.push_back(answers);
      if (!done.any().item<bool>()) continue;
      running.Select(at::logical_not(done).nonzero().view({-1}));
    }
  }

  // Writes the answers of halted batch rows to their outputs.
  void Keep(const PredictionOutput& out, const at::Tensor& done,
            const Running& running, GridSize size, int step,
            absl::Span<PredictorOutput> outputs) const {
    const int64_t cells = out.answers.size(1);
    const at::Tensor answers = out.answers.to(at::kCPU).contiguous();
    const at::Tensor halts = out.halt_logits.to(at::kCPU).contiguous();
    const at::Tensor earlier =
        running.earlier.empty()
            ? at::Tensor()
            : at::stack(running.earlier).to(at::kCPU).contiguous();
    std::vector<int64_t> without_second;
    for (int64_t i = 0; i < done.numel(); ++i) {
      const auto place =
          static_cast<size_t>(running.places.const_data_ptr<int64_t>()[i]);
      const float halt = halts.const_data_ptr<float>()[i];
      if (!done.const_data_ptr<bool>()[i] || place >= outputs.size()) continue;
      PredictorOutput& output = outputs[place];
      const uint8_t* from = answers.const_data_ptr<uint8_t>() + i * cells;
      output.tokens.assign(from, from + cells);
      output.halt_logit = halt;
      output.steps = step;
      if (!IsArc()) continue;
      TakeEarlier(earlier, i, size, output);
      if (output.second.empty()) without_second.push_back(i);
    }
    if (!without_second.empty()) {
      ChangeCells(out.logits, without_second, running.places, size, outputs);
    }
  }

  // Sets the second answer of batch row `i` to the latest of `earlier` (steps,
  // n, cells) with another grid, if there is one.
  static void TakeEarlier(const at::Tensor& earlier, int64_t i, GridSize size,
                          PredictorOutput& output) {
    output.second.clear();
    const int64_t steps = earlier.defined() ? earlier.size(0) : 0;
    for (int64_t step = steps; step-- > 0;) {
      const absl::Span<const uint8_t> tokens(
          earlier.const_data_ptr<uint8_t>() +
              (step * earlier.size(1) + i) * earlier.size(2),
          output.tokens.size());
      if (!internal::HoldsOtherGrid(tokens, output.tokens, size)) continue;
      output.second.assign(tokens.begin(), tokens.end());
      return;
    }
  }

  // Sets the second answers of batch rows whose steps all gave the same grid.
  static void ChangeCells(const at::Tensor& all_logits,
                          const std::vector<int64_t>& rows,
                          const at::Tensor& places, GridSize size,
                          absl::Span<PredictorOutput> outputs) {
    const at::Tensor index = at::tensor(rows, at::kLong);
    const at::Tensor logits =
        all_logits.index_select(0, index.to(all_logits.device()))
            .to(at::kCPU, at::kFloat)
            .contiguous();
    const int64_t stride = logits.size(1) * logits.size(2);
    for (size_t i = 0; i < rows.size(); ++i) {
      PredictorOutput& output = outputs[static_cast<size_t>(
          places.const_data_ptr<int64_t>()[rows[i]])];
      output.second = internal::ChangeLeastCertainCell(
          output.tokens, size,
          {logits.const_data_ptr<float>() + static_cast<int64_t>(i) * stride,
           static_cast<size_t>(stride)});
    }
  }

  bool IsArc() const { return canvas_.kind == PuzzleKind::kArc; }

  std::unique_ptr<Model> model_;
  at::Tensor table_;
  int canvas_step_;
  Canvas canvas_;
  PredictorOptions options_;
  internal::RolloutChoice choice_;
  int batch_;
  int64_t full_bucket_;
  int64_t calls_ = 0;
  std::shared_ptr<internal::BatchThreadPool> workers_;
  std::vector<c10::Stream> streams_;  // by worker; empty: the current one
  std::vector<std::unique_ptr<PredictionSteps>> steps_;  // by worker
  std::mutex mutex_;
  std::set<std::string> reasons_;      // guarded by mutex_
  std::vector<std::string> warnings_;  // guarded by mutex_
};

// Parts into which a batch may be divided. A GPU uses two parts with a stream
// each: one computes while the other waits for the host.
int64_t DivisibleRows(at::Device device, int batch) {
  return device.is_cpu() ? batch : std::min(2, batch);
}

// Starting the operations of a full size bucket takes about this part of its
// time.
constexpr double kStartShare = 1.0 / 40;

// The tokens of a full size bucket: a power of two, so that a repeated
// measurement changes little; 0 if size buckets cost nothing.
int64_t FullBucket(const Model& model, const StepCosts& costs) {
  const double tokens =
      internal::TokensOfBucketCost(model.options(), costs) / kStartShare;
  return tokens < 1 ? 0 : int64_t{1} << std::lround(std::log2(tokens));
}

// The batch must hold a full size bucket for each of two streams. At least 8192
// positions, which occupy two CPU cores with little memory, and a row for every
// CPU thread; at most 1 << 18, which is a matter of memory.
int DefaultBatch(const Model& model, int slices, int64_t full_bucket) {
  const int64_t most = std::clamp<int64_t>(2 * full_bucket, 1 << 13, 1 << 18);
  return std::max(slices,
                  static_cast<int>(most / model.options().num_positions()));
}

// The costs of a supervision step of `model`.
StepCosts MeasurePredictionCosts(const Model& model,
                                 const RecorderFactory& recorder) {
  const ModelOptions& net = model.options();
  return internal::MeasureStepCosts(
      model.device(), model.dtype(), "prediction", net, recorder,
      [&]() -> std::function<void()> {
        // A mixer takes whole canvases only.
        const GridSize size = net.mixer ? net.canvas().size() : GridSize{1, 1};
        const auto longs = at::device(model.device()).dtype(at::kLong);
        const PredictionInput input = {
            size, model.StartLatents(1, size.cells()),
            at::zeros({1, size.cells()}, longs),
            at::zeros({1, net.hidden}, longs.dtype(at::kFloat))};
        return [&model, input] {
          at::NoGradGuard no_grad;
          internal::RunPrediction(model, input);
        };
      });
}

// Records steps unless options.graphs forbids it or, for "auto", plain steps
// are as fast.
absl::StatusOr<internal::DeviceUse> ChooseUse(const Model& model,
                                              const PredictorOptions& options) {
  internal::DeviceUse use;
  ARCTRM_ASSIGN_OR_RETURN(
      use.recorder, internal::ChooseRecorder(options.graphs, model.device()));
  use.costs = MeasurePredictionCosts(model, use.recorder);
  if (options.graphs == "auto" && !use.costs->recorded) use.recorder = nullptr;
  return use;
}

}  // namespace

namespace internal {

PredictorOutput ChooseRollout(std::vector<PredictorOutput> answers,
                              RolloutChoice choice, GridSize size) {
  std::vector<std::pair<int64_t, float>> ranks;
  for (const PredictorOutput& answer : answers) {
    const int64_t votes =
        choice == RolloutChoice::kAgreement
            ? std::count_if(answers.begin(), answers.end(),
                            [&](const PredictorOutput& other) {
                              return other.tokens == answer.tokens;
                            })
            : 1;
    ranks.emplace_back(votes, answer.halt_logit);
  }
  const auto best = static_cast<size_t>(
      std::max_element(ranks.begin(), ranks.end()) - ranks.begin());
  size_t second = best;
  for (size_t i = 0; i < answers.size() && size.cells() > 0; ++i) {
    if (HoldsOtherGrid(answers[i].tokens, answers[best].tokens, size) &&
        (second == best || ranks[i] > ranks[second])) {
      second = i;
    }
  }
  if (second != best) answers[best].second = answers[second].tokens;
  return std::move(answers[best]);
}

std::unique_ptr<Predictor> MakePredictor(
    std::unique_ptr<Model> model, Tensor table, int canvas_step,
    const PredictorOptions& options, std::shared_ptr<BatchThreadPool> workers,
    const DeviceUse& use) {
  const StepCosts costs = use.costs.has_value()
                              ? *use.costs
                              : MeasurePredictionCosts(*model, use.recorder);
  const int64_t full_bucket = FullBucket(*model, costs);
  PredictorOptions resolved = options;
  if (resolved.batch <= 0) {
    resolved.batch = DefaultBatch(
        *model, workers == nullptr ? at::get_num_threads() : workers->count(),
        full_bucket);
  }
  if (workers == nullptr) {
    workers = std::make_shared<BatchThreadPool>(
        DivisibleRows(model->device(), resolved.batch));
  }
  return std::make_unique<ModelPredictor>(
      std::move(model), std::move(table), canvas_step, resolved,
      std::move(workers), use.recorder, full_bucket);
}

}  // namespace internal

absl::StatusOr<std::unique_ptr<Predictor>> LoadPredictor(
    const std::string& checkpoint, const PredictorOptions& options) {
  return internal::CatchTorch(
      [&]() -> absl::StatusOr<std::unique_ptr<Predictor>> {
        ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                                ReadCheckpointInfo(checkpoint));
        ARCTRM_ASSIGN_OR_RETURN(const at::Device device,
                                internal::OpenDevice(options.device));
        ARCTRM_ASSIGN_OR_RETURN(
            const internal::SafetensorsFile file,
            internal::ReadCheckpointTensors(info.dir, internal::kWeightsFile));
        const at::ScalarType dtype =
            internal::InferenceDtype(info.train.precision, device);
        ARCTRM_RETURN_IF_ERROR(
            internal::ChooseKernels(device, dtype, options.kernels, {})
                .status());
        Random init(0, "init");
        auto model = std::make_unique<Model>(info.model, device, dtype, init);
        ARCTRM_ASSIGN_OR_RETURN(
            at::Tensor table,
            internal::LoadModelTensors(file, info.ids.num_ids, *model));
        ARCTRM_ASSIGN_OR_RETURN(const internal::DeviceUse use,
                                ChooseUse(*model, options));
        PredictorOptions resolved = options;
        const bool fixed = info.train.deterministic;
        if (resolved.batch <= 0) {
          resolved.batch = DefaultBatch(
              *model,
              fixed ? static_cast<int>(internal::BatchThreadPool::kFixedSlices)
                    : at::get_num_threads(),
              FullBucket(*model, *use.costs));
        }
        TrainOptions train = info.train;
        if (options.fit_canvas != "auto") train.fit_canvas = options.fit_canvas;
        if (train.FittedStep() > 0 &&
            (info.model.mixer ||
             info.model.puzzle != PuzzleKindName(PuzzleKind::kArc))) {
          return absl::InvalidArgumentError(
              "run.fit_canvas = on does not fit this model: mixers, Sudoku and "
              "mazes need whole canvases; use auto");
        }
        auto workers = std::make_shared<internal::BatchThreadPool>(
            DivisibleRows(device, resolved.batch), fixed);
        return internal::MakePredictor(std::move(model), table.to(device),
                                       train.FittedStep(), resolved,
                                       std::move(workers), use);
      });
}

}  // namespace arctrm
