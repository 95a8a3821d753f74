// SPDX-License-Identifier: MIT
#include "solver/train/make_training.h"

#include <ATen/Context.h>

#include <array>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/options.h"
#include "base/status.h"
#include "solver/checkpoint_info.h"
#include "solver/device/device.h"
#include "solver/device/step_recorder.h"
#include "solver/nn/kernel_proof.h"
#include "solver/nn/step_costs.h"
#include "solver/resume.h"
#include "solver/train/canvas_step.h"
#include "solver/train/embedding_init.h"
#include "solver/train/optimizers.h"
#include "solver/train/state_io.h"

namespace arctrm::internal {
namespace {

// The checkpoint that a training starts from; "" for none.
const std::string& StartOf(const TrainRequest& request) {
  return request.spec.resume ? request.spec.out : request.spec.checkpoint;
}

// The final value of train.fit_canvas: "on" or "off".
absl::StatusOr<std::string> DecideFitCanvas(const TrainRequest& request) {
  const std::string& asked = request.spec.train.fit_canvas;
  const bool can = request.dataset->has_ids() && !request.spec.model.mixer;
  if (asked == "on" && !can) {
    return absl::InvalidArgumentError(
        "train.fit_canvas = on does not fit this model: a mixer has weights "
        "for "
        "every position, and Sudoku and mazes fill their canvas; use auto");
  }
  if (asked != "auto") return asked;
  if (StartOf(request).empty()) return std::string(can ? "on" : "off");
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(StartOf(request)));
  return std::string(info.train.fit_canvas == "on" ? "on" : "off");
}

// train.canvas_step, or that of the checkpoint; 0 if neither decides.
absl::StatusOr<int> GivenCanvasStep(const TrainRequest& request) {
  if (request.spec.train.canvas_step > 0) return request.spec.train.canvas_step;
  if (StartOf(request).empty()) return 0;
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(StartOf(request)));
  const int fitted = info.train.FittedStep();
  return fitted == 0 && request.spec.resume ? info.train.canvas_step : fitted;
}

// The final value of train.canvas_step: 1 or more. Rank 0 measures and decides.
int DecideCanvasStep(const TrainRequest& request, at::Device device,
                     at::ScalarType dtype, const RecorderFactory& recorder,
                     Collective& collective) {
  const TrainSpec& spec = request.spec;
  if (spec.train.canvas_step > 0) return spec.train.canvas_step;
  if (device.is_cpu() || spec.train.FittedStep() == 0) return 1;
  int step = 1;
  if (collective.rank() == 0) {
    const ModelOptions model = spec.train.WithOverrides(spec.model);
    const StepCosts costs =
        MeasureTrainingCosts(model, spec.train, device, dtype, recorder);
    step = ChooseCanvasStep(
        WindowShares(*request.dataset, spec.train.pairs_per_visit),
        request.dataset->canvas.side,
        SliceOf(spec.train.batch, collective.size(), 0).size, costs,
        [&model](int64_t cells) {
          return StepProducts(model, cells, /*backward=*/true);
        });
  }
  Tensor shared = at::full({1}, step, at::kLong);
  collective.Broadcast(shared);
  return static_cast<int>(shared.item<int64_t>());
}

// Does the dataset fit the model, and does every process get a batch row?
absl::Status CheckData(const TrainRequest& request) {
  const ProcessGroup& group = request.group;
  if (request.spec.train.batch < group.size) {
    return absl::InvalidArgumentError(absl::StrCat(
        "train.batch = ", request.spec.train.batch, " for ", group.size,
        " processes: each process needs at least one batch row; start fewer "
        "processes, or raise train.batch"));
  }
  if (request.dataset == nullptr) return absl::OkStatus();
  const Canvas wanted = request.spec.model.canvas();
  const Canvas found = request.dataset->canvas;
  if (wanted != found) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model's canvas is ", wanted.side, " wide for ",
                     PuzzleKindName(wanted.kind), ", the dataset's ",
                     found.side, " wide for ", PuzzleKindName(found.kind),
                     "; build the dataset for the model's canvas"));
  }
  if (request.dataset->tasks.empty()) {
    return absl::InvalidArgumentError("the dataset holds no tasks");
  }
  return absl::OkStatus();
}

// The recorder for train.graphs; none: steps are not recorded.
absl::StatusOr<RecorderFactory> DecideRecorder(const TrainOptions& train,
                                               at::Device device) {
  if (train.graphs == "on" && !device.is_cuda()) {
    return absl::InvalidArgumentError(
        "train.graphs = on needs a CUDA device, but this training runs on the "
        "CPU; set it to auto, or use --device cuda");
  }
  return ChooseRecorder(train.graphs, device);
}

// Leaves out the kernels that some process of the group leaves out, because all
// must round alike.
absl::Status ChooseSharedKernels(const TrainOptions& train, at::Device device,
                                 at::ScalarType dtype, Collective& collective) {
  ARCTRM_RETURN_IF_ERROR(
      ChooseKernels(device, dtype, train.kernels, OptimizerProofCases(device))
          .status());
  if (collective.size() == 1) return absl::OkStatus();
  Tensor left_out = at::zeros({kKernelCount}, at::kLong);
  for (const Kernel kernel : KernelsLeftOut()) {
    left_out[static_cast<int>(kernel)] = 1;
  }
  const Tensor counts = collective.AllGather(left_out).sum(0);
  std::vector<Kernel> all;
  for (int i = 0; i < kKernelCount; ++i) {
    if (counts[i].item<int64_t>() > 0) all.push_back(static_cast<Kernel>(i));
  }
  LeaveOutKernels(all, all);
  return absl::OkStatus();
}

template <typename Options>
std::string SettingsText(Options options) {
  OptionSet set;
  AddOptions(options, set);
  std::string text;
  for (const auto& item : set.Items()) {
    absl::StrAppend(&text, item.key, "=", item.value, ";");
  }
  return text;
}

// Identifies the checkpoint that a training starts from, as this process sees
// it.
std::string StartText(const TrainRequest& request) {
  if (StartOf(request).empty()) return "";
  return CheckpointFingerprint(StartOf(request)).value_or("unreadable");
}

// FailedPrecondition if the processes of the group got different requests.
absl::Status CheckSameRequest(const TrainRequest& request,
                              Collective& collective) {
  if (collective.size() == 1) return absl::OkStatus();
  const std::array<std::pair<const char*, std::string>, 5> parts = {{
      {"model settings", SettingsText(request.spec.model)},
      {"training settings", SettingsText(request.spec.train)},
      {"seed", absl::StrCat(request.spec.seed)},
      {"dataset", DatasetFingerprint(*request.dataset)},
      {"start weights", StartText(request)},
  }};
  std::string digests;
  for (const auto& [name, text] : parts) digests += Sha256Hex(text);
  const auto length = static_cast<int64_t>(digests.size());
  const Tensor all = collective.AllGather(
      at::from_blob(digests.data(), {length}, at::kByte).clone());
  const int64_t each = length / static_cast<int64_t>(parts.size());
  for (int rank = 1; rank < collective.size(); ++rank) {
    for (size_t i = 0; i < parts.size(); ++i) {
      const int64_t begin = static_cast<int64_t>(i) * each;
      if (!at::equal(all[rank].narrow(0, begin, each),
                     all[0].narrow(0, begin, each))) {
        return absl::FailedPreconditionError(
            absl::StrCat("rank ", rank, " of ", collective.size(),
                         " and rank 0 have different ", parts[i].first,
                         "; start all ranks with the same command and the "
                         "same files"));
      }
    }
  }
  return absl::OkStatus();
}

// float32, bf16 or float16, as rank 0 chose, which may depend on a measurement.
at::ScalarType SharedForwardDtype(const TrainOptions& train, at::Device device,
                                  Collective& collective) {
  Tensor dtype =
      at::full({1}, static_cast<int64_t>(ForwardDtype(train.precision, device)),
               at::kLong);
  collective.Broadcast(dtype);
  return static_cast<at::ScalarType>(dtype.item<int64_t>());
}

// Copies the state of rank 0 to all processes.
void ShareState(Training& training) {
  Collective& collective = training.executor.collective();
  if (collective.size() == 1) return;
  at::NoGradGuard no_grad;
  TrainState& state = training.state;
  for (Tensor* tensor :
       {&state.model->flat(), &state.model->h_init, &state.model->l_init,
        &state.embeddings.rows, &state.average, &state.optimizer.exp_avg,
        &state.optimizer.exp_avg_sq}) {
    if (tensor->defined()) collective.Broadcast(*tensor);
  }
}

// Sets process-wide flags of LibTorch.
void SetLibTorchFlags(const TrainOptions& train) {
  at::globalContext().setDeterministicAlgorithms(
      true, /*warn_only=*/!train.deterministic);
  // cuDNN attention plans up to a second for each new shape, so use it only
  // with whole canvases, which have one shape.
  at::globalContext().setSDPUseCuDNN(train.FittedStep() == 0);
}

}  // namespace

Training::Training(TrainRequest asked, at::Device device,
                   at::ScalarType forward_dtype,
                   std::unique_ptr<Collective> collective,
                   const RecorderFactory& recorder)
    : request(std::move(asked)),
      log(request.group.rank == 0 ? request.hooks.log : nullptr),
      state(request,
            SliceOf(request.spec.train.batch, request.group.size,
                    request.group.rank),
            device, forward_dtype),
      executor(request, state.model.get(), std::move(collective), recorder,
               log) {}

absl::Status CheckRequest(const TrainRequest& asked) {
  ARCTRM_RETURN_IF_ERROR(asked.spec.model.Validate());
  ARCTRM_RETURN_IF_ERROR(asked.spec.train.Validate());
  ARCTRM_RETURN_IF_ERROR(CheckData(asked));
  ARCTRM_ASSIGN_OR_RETURN(const at::Device device,
                          OpenDevice(asked.spec.device, asked.group));
  ARCTRM_RETURN_IF_ERROR(DecideRecorder(asked.spec.train, device).status());
  TrainRequest request = asked;
  if (request.dataset != nullptr) {
    ARCTRM_ASSIGN_OR_RETURN(request.spec.train.fit_canvas,
                            DecideFitCanvas(asked));
    ARCTRM_ASSIGN_OR_RETURN(request.spec.train.canvas_step,
                            GivenCanvasStep(asked));
  }
  if (request.spec.resume) {
    ARCTRM_CHECK(request.dataset != nullptr);
    ARCTRM_RETURN_IF_ERROR(CheckWeights(request.spec.out).status());
    return CheckResume(request);
  }
  if (request.spec.checkpoint.empty()) return absl::OkStatus();
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          CheckWeights(request.spec.checkpoint));
  return CheckSameNetwork(info, request.spec.model);
}

absl::StatusOr<std::unique_ptr<Training>> MakeTraining(
    const TrainRequest& asked, const RecorderFactory& recorder) {
  ARCTRM_RETURN_IF_ERROR(asked.spec.model.Validate());
  ARCTRM_RETURN_IF_ERROR(asked.spec.train.Validate());
  TrainRequest request = asked;
  ARCTRM_ASSIGN_OR_RETURN(request.spec.train.fit_canvas,
                          DecideFitCanvas(asked));
  ARCTRM_RETURN_IF_ERROR(CheckData(request));
  const ProcessGroup& group = request.group;
  ARCTRM_ASSIGN_OR_RETURN(const at::Device device,
                          OpenDevice(request.spec.device, group));
  ARCTRM_ASSIGN_OR_RETURN(request.spec.train.canvas_step,
                          GivenCanvasStep(asked));
  ARCTRM_ASSIGN_OR_RETURN(RecorderFactory make_recorder,
                          DecideRecorder(request.spec.train, device));
  if (recorder) make_recorder = recorder;
  ARCTRM_ASSIGN_OR_RETURN(std::unique_ptr<Collective> collective,
                          JoinProcessGroup(group, device));
  ARCTRM_RETURN_IF_ERROR(CheckSameRequest(request, *collective));
  const at::ScalarType dtype =
      SharedForwardDtype(request.spec.train, device, *collective);
  ARCTRM_RETURN_IF_ERROR(
      ChooseSharedKernels(request.spec.train, device, dtype, *collective));
  SetLibTorchFlags(request.spec.train);
  request.spec.train.canvas_step =
      DecideCanvasStep(request, device, dtype, make_recorder, *collective);
  auto training = std::make_unique<Training>(
      std::move(request), device, dtype, std::move(collective), make_recorder);
  TrainState& state = training->state;
  EmbeddingInitPlan init_plan;
  if (!training->request.spec.checkpoint.empty() &&
      !training->request.spec.resume) {
    ARCTRM_ASSIGN_OR_RETURN(init_plan, LoadStartWeights(*training));
  }
  if (training->request.spec.train.ema > 0) {
    state.average = state.model->flat().detach().clone();
  }
  if (training->request.spec.resume) {
    ARCTRM_RETURN_IF_ERROR(LoadResumeState(*training));
  }
  if (training->request.spec.train.FittedStep() > 0 &&
      training->log != nullptr) {
    training->log->Info(absl::StrFormat(
        "windows instead of whole canvases: %.0f %% of the cells "
        "(train.fit_canvas)",
        100 * state.batch.examples.sampler().WindowShare()));
  }
  if (init_plan.candidates.defined()) SearchEmbeddingInit(init_plan, *training);
  ShareState(*training);
  return training;
}

}  // namespace arctrm::internal
