// SPDX-License-Identifier: MIT
// Votes on the tasks of a file with random weights. Prints the number of views
// and size buckets and the seconds, and with --count the operations that a GPU
// would start.
#include <ATen/record_function.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/clock.h"
#include "arc/read.h"
#include "augment/augmentation_sampling.h"
#include "base/status.h"
#include "solver/device/device.h"
#include "solver/nn/ops.h"
#include "solver/predict/predictor.h"
#include "tta/predict.h"

namespace arctrm::internal {
namespace {

struct Settings {
  std::string challenges;
  int augmentations = 15;
  int canvas_step = 4;
  int64_t full_bucket = -1;  // -1: as the predictor says
  bool count = false;
  bool plain = false;
  DeviceOptions device{"cpu", 1};
  std::string precision = "float32";
  ModelOptions model;
  PredictorOptions predicting;
};

// Counts calls of LibTorch's operations except those that only make a view or
// allocate memory, and those that only call others.
class OperationCount {
 public:
  OperationCount() {
    at::addGlobalCallback(
        at::RecordFunctionCallback(&Count).scopes({at::RecordScope::FUNCTION}));
  }
  static int64_t Total() {
    int64_t total = 0;
    for (const auto& [name, calls] : Calls()) {
      if (!StartsNothing(name)) total += calls;
    }
    return total;
  }
  static void Print() {
    for (const auto& [name, calls] : Calls()) {
      std::printf("%10ld %s%s\n", static_cast<long>(calls), name.c_str(),
                  StartsNothing(name) ? "  (starts nothing)" : "");
    }
  }

 private:
  static std::unique_ptr<at::ObserverContext> Count(
      const at::RecordFunction& call) {
    static std::mutex mutex;
    const std::lock_guard<std::mutex> lock(mutex);
    ++Calls()[call.name()];
    return nullptr;
  }
  static bool StartsNothing(const std::string& name) {
    static const std::set<std::string> kNames = {"aten::empty",
                                                 "aten::empty_like",
                                                 "aten::empty_strided",
                                                 "aten::view",
                                                 "aten::reshape",
                                                 "aten::select",
                                                 "aten::narrow",
                                                 "aten::slice",
                                                 "aten::transpose",
                                                 "aten::t",
                                                 "aten::expand",
                                                 "aten::as_strided",
                                                 "aten::detach",
                                                 "aten::unsqueeze",
                                                 "aten::squeeze",
                                                 "aten::permute",
                                                 "aten::alias",
                                                 "aten::unbind",
                                                 "aten::split",
                                                 "aten::chunk",
                                                 "aten::_unsafe_view",
                                                 "aten::view_as",
                                                 "aten::expand_as",
                                                 "aten::contiguous",
                                                 "aten::to",
                                                 "aten::_to_copy",
                                                 "aten::matmul",
                                                 "aten::linear",
                                                 "aten::resize_",
                                                 "aten::_reshape_alias",
                                                 "aten::clone",
                                                 "aten::zeros",
                                                 "aten::ones",
                                                 "aten::full",
                                                 "aten::lift_fresh",
                                                 "aten::result_type",
                                                 "aten::embedding",
                                                 "aten::square",
                                                 "aten::set_",
                                                 "aten::zeros_like",
                                                 "aten::ones_like",
                                                 "aten::is_nonzero",
                                                 "aten::item",
                                                 "aten::stack",
                                                 "aten::unflatten",
                                                 "detach"};
    return kNames.count(name) > 0;
  }
  static std::map<std::string, int64_t>& Calls() {
    static auto* const calls = new std::map<std::string, int64_t>();
    return *calls;
  }
};

// A predictor that counts size buckets, and may group rounds otherwise.
class Counting final : public Predictor {
 public:
  Counting(Predictor* predictor, int64_t full_bucket)
      : predictor_(*predictor), full_bucket_(full_bucket) {}
  Canvas canvas() const override { return predictor_.canvas(); }
  int canvas_step() const override { return predictor_.canvas_step(); }
  int max_batch() const override { return predictor_.max_batch(); }
  int64_t full_bucket() const override {
    return full_bucket_ >= 0 ? full_bucket_ : predictor_.full_bucket();
  }
  absl::StatusOr<std::vector<PredictorOutput>> Predict(
      absl::Span<const PredictorInput> inputs) override {
    std::set<GridSize> sizes;
    for (const PredictorInput& input : inputs) {
      sizes.insert(SizeOf(input, canvas()));
      tokens += static_cast<int64_t>(input.tokens.size());
    }
    ++batches;
    buckets += static_cast<int64_t>(sizes.size());
    all_sizes.insert(sizes.begin(), sizes.end());
    return predictor_.Predict(inputs);
  }

  int64_t batches = 0;
  int64_t buckets = 0;
  int64_t tokens = 0;
  std::set<GridSize> all_sizes;

 private:
  Predictor& predictor_;
  int64_t full_bucket_;
};

EmbeddingIndex PlanAll(const ChallengeSet& challenges, int augmentations) {
  EmbeddingIndex ids;
  PlanOptions plan;
  plan.augmentations = augmentations;
  for (const Task& task : challenges.tasks) {
    TaskEmbeddings known;
    known.name = task.id;
    known.first_id = ids.num_ids;
    known.augmentations =
        PlanTask(task.id, task.demonstrations, task.test_inputs, plan);
    known.updates.assign(known.augmentations.size(), 1);
    ids.num_ids += static_cast<int64_t>(known.augmentations.size());
    ids.tasks.push_back(std::move(known));
  }
  return ids;
}

absl::Status Run(const Settings& settings) {
  ARCTRM_ASSIGN_OR_RETURN(const TaskFiles files,
                          ReadTasks(settings.challenges));
  ARCTRM_ASSIGN_OR_RETURN(const at::Device device, OpenDevice(settings.device));
  const EmbeddingIndex ids = PlanAll(files.challenges, settings.augmentations);
  Random random(1, "init");
  DeviceUse use;
  ARCTRM_ASSIGN_OR_RETURN(use.recorder,
                          ChooseRecorder(settings.predicting.graphs, device));
  if (settings.plain) UseKernels(false);
  const std::unique_ptr<Predictor> predictor = MakePredictor(
      std::make_unique<Model>(settings.model, device,
                              ForwardDtype(settings.precision, device), random),
      at::zeros({ids.num_ids, settings.model.hidden}, at::device(device)),
      settings.canvas_step, settings.predicting, nullptr, use);
  Counting counting(predictor.get(), settings.full_bucket);
  if (settings.count) OperationCount();
  Ballots ballots;
  const absl::Time start = absl::Now();
  ARCTRM_ASSIGN_OR_RETURN(const VoteResult result,
                          PredictVotes(counting, ids, files.challenges,
                                       VoteOptions(), nullptr, ballots));
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  const auto views = static_cast<double>(result.progress.views_done);
  std::printf(
      "%.0f views of %zu window sizes, %.1f tokens a view\n"
      "%ld batches of at most %d canvases, %ld size buckets of %.1f views\n"
      "full bucket: %ld tokens; %.2f size buckets for 286 views\n"
      "%.2f s, %.2f views/s\n",
      views, counting.all_sizes.size(),
      static_cast<double>(counting.tokens) / views,
      static_cast<long>(counting.batches), counting.max_batch(),
      static_cast<long>(counting.buckets),
      views / static_cast<double>(counting.buckets),
      static_cast<long>(counting.full_bucket()),
      286 * static_cast<double>(counting.buckets) / views, seconds,
      views / seconds);
  if (!settings.count) return absl::OkStatus();
  OperationCount::Print();
  const auto total = static_cast<double>(OperationCount::Total());
  std::printf("%.0f operations, %.0f for 286 views\n", total,
              286 * total / views);
  return absl::OkStatus();
}

}  // namespace
}  // namespace arctrm::internal

int main(int argc, char** argv) {
  CLI::App app("times a vote with random weights");
  arctrm::internal::Settings settings;
  arctrm::ModelOptions& model = settings.model;
  model.hidden = 64;
  model.heads = 2;
  app.add_option("--challenges", settings.challenges)->required();
  app.add_option("--augmentations", settings.augmentations, "of each task");
  app.add_option("--canvas-step", settings.canvas_step);
  app.add_option("--batch", settings.predicting.batch, "whole canvases");
  app.add_option("--full-bucket", settings.full_bucket,
                 "tokens of a full size bucket; -1: as measured");
  app.add_option("--hidden", model.hidden);
  app.add_option("--heads", model.heads);
  app.add_option("--expansion", model.expansion);
  app.add_option("--H", model.h_cycles);
  app.add_option("--L", model.l_cycles);
  app.add_option("--steps", model.halt_max_steps, "supervision steps");
  app.add_option("--device", settings.device.device);
  app.add_option("--threads", settings.device.threads);
  app.add_option("--precision", settings.precision);
  app.add_option("--graphs", settings.predicting.graphs);
  app.add_flag("--plain", settings.plain,
               "LibTorch's operations instead of kernels");
  app.add_flag("--count", settings.count, "count operations");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = arctrm::internal::Run(settings);
  if (!status.ok()) {
    std::fprintf(stderr, "vote_time: %s\n",
                 std::string(status.message()).c_str());
  }
  return status.ok() ? 0 : 2;
}
