// SPDX-License-Identifier: MIT
#include "solver/train/state_io.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/status.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/resume.h"
#include "solver/train/embedding_init.h"
#include "solver/train/resume_state.h"

namespace arctrm::internal {
namespace {

using Text = std::map<std::string, std::string>;

// Calls visit(key, value) for every number of the resume state except those of
// the loss scale. Counters are int64_t, times and scores double.
template <typename State, typename Visitor>
void VisitNumbers(State& state, Visitor&& visit) {
  visit("step", state.counters.step);
  visit("adam_t", state.optimizer.t);
  visit("rows_only_steps", state.counters.rows_only_steps);
  visit("earlier_steps", state.origin.steps);
  visit("weights_time_s", state.origin.time_s);
  visit("best_step", state.best.step);
  visit("best_exact", state.best.score.exact);
  visit("best_accuracy", state.best.score.accuracy);
}

// The same for the loss scale, which only float16 trainings save.
template <typename Scale, typename Visitor>
void VisitLossScale(Scale& scale, Visitor&& visit) {
  visit("loss_scale", scale.scale);
  visit("loss_scale_good_steps", scale.good_steps);
  visit("skipped_steps", scale.skipped_steps);
  visit("skipped_in_a_row", scale.skipped_in_a_row);
}
constexpr char kGaveUp[] = "loss_scale_gave_up";
// Training time at the save; TrainState only holds the time before the resume.
constexpr char kTime[] = "time_s";

std::string NumberText(int64_t value) { return absl::StrCat(value); }
std::string NumberText(double value) { return absl::StrFormat("%.17g", value); }
bool ParseNumber(const std::string& text, int64_t& value) {
  return absl::SimpleAtoi(text, &value);
}
bool ParseNumber(const std::string& text, double& value) {
  return absl::SimpleAtod(text, &value);
}

std::string ValueOf(const Text& text, const std::string& key) {
  const auto it = text.find(key);
  return it == text.end() ? std::string() : it->second;
}

// Writes numbers to `text`.
auto Writer(Text& text) {
  return [&text](const char* key, const auto& value) {
    text[key] = NumberText(value);
  };
}
// Reads numbers from `text`; sets `ok` to false if one is missing or damaged.
auto Reader(const Text& text, bool& ok) {
  return [&text, &ok](const char* key, auto& value) {
    ok = ParseNumber(ValueOf(text, key), value) && ok;
  };
}

// Calls visit(name, tensor) for the tensors of a carry, whose first dimension
// is the batch.
template <typename State, typename Visitor>
void VisitCarry(State& carry, Visitor&& visit) {
  visit("carry.z_H", carry.latents.z_h);
  visit("carry.z_L", carry.latents.z_l);
  visit("carry.steps", carry.steps);
  visit("carry.halted", carry.halted);
  visit("carry.tokens", carry.current.tokens);
  visit("carry.labels", carry.current.labels);
  visit("carry.puzzle_ids", carry.current.embedding_ids);
}

// `carry`: the carry of the whole batch.
TensorMap ResumeTensors(const Training& training, const Carry& carry,
                        double time_s) {
  const TrainState& state = training.state;
  TensorMap map;
  map.tensors = {{"parameters", state.model->flat()},
                 {"exp_avg", state.optimizer.exp_avg},
                 {"exp_avg_sq", state.optimizer.exp_avg_sq}};
  VisitCarry(carry, [&](const char* name, const Tensor& tensor) {
    map.tensors.emplace_back(name, tensor);
  });
  map.tensors.emplace_back("carry.windows", state.batch.windows);
  const Dataset& dataset = *training.request.dataset;
  map.metadata = {{kDatasetKey, PairsFingerprint(dataset)},
                  {kWholeDatasetKey, DatasetFingerprint(dataset)},
                  {kSeedKey, absl::StrCat(training.request.spec.seed)},
                  {"exploration", state.batch.exploration.State()},
                  {"sampler", state.batch.examples.State()},
                  {kTime, NumberText(time_s)}};
  VisitNumbers(state, Writer(map.metadata));
  if (state.origin.fingerprint.has_value()) {
    map.metadata[kStartKey] = *state.origin.fingerprint;
  }
  if (state.loss_scale.gave_up || state.model->dtype() == at::kHalf) {
    VisitLossScale(state.loss_scale, Writer(map.metadata));
    map.metadata[kGaveUp] = state.loss_scale.gave_up ? "1" : "0";
  }
  return map;
}

absl::Status LoadTensor(const SafetensorsFile& file, const std::string& name,
                        Tensor& into) {
  absl::StatusOr<Tensor> tensor = GetTensor(file, name, into.sizes().vec());
  if (tensor.ok()) into.copy_(*tensor);
  return tensor.status();
}

// Loads this process's slice of the saved batch.
absl::Status LoadBatch(const SafetensorsFile& file, int64_t batch_rows,
                       BatchState& batch) {
  absl::Status status;
  VisitCarry(batch.carry, [&](const char* name, Tensor& into) {
    if (!status.ok()) return;
    std::vector<int64_t> shape = into.sizes().vec();
    shape[0] = batch_rows;
    const absl::StatusOr<Tensor> tensor = GetTensor(file, name, shape);
    status = tensor.status();
    if (tensor.ok()) {
      into.copy_(tensor->narrow(0, batch.slice.begin, batch.slice.size));
    }
  });
  ARCTRM_RETURN_IF_ERROR(status);
  Tensor halted = at::empty({batch_rows}, at::kBool);
  ARCTRM_RETURN_IF_ERROR(LoadTensor(file, "carry.halted", halted));
  batch.halted.Start(halted);
  ARCTRM_RETURN_IF_ERROR(LoadTensor(file, "carry.puzzle_ids", batch.ids));
  const TensorEntry* windows = file.Find("carry.windows");
  // Files without windows: all batch rows have whole canvases.
  if (windows == nullptr) return absl::OkStatus();
  if (windows->shape != std::vector<int64_t>{batch_rows, 3}) {
    return LoadTensor(file, "carry.windows", batch.windows);
  }
  // Files with square windows: side, first row, first column.
  Tensor squares = at::empty({batch_rows, 3}, at::kLong);
  ARCTRM_RETURN_IF_ERROR(LoadTensor(file, "carry.windows", squares));
  batch.windows.narrow(1, 1, 3).copy_(squares);
  batch.windows.select(1, 0).copy_(squares.select(1, 0));
  return absl::OkStatus();
}

absl::Status LoadNumbers(const Text& text, const std::string& path,
                         TrainState& state) {
  bool ok = ParseNumber(ValueOf(text, kTime), state.counters.earlier_time_s);
  VisitNumbers(state, Reader(text, ok));
  if (!ok) {
    return absl::DataLossError(
        absl::StrCat(path, ": its counters are damaged"));
  }
  // Only float16 trainings have a loss scale.
  if (ValueOf(text, "loss_scale").empty()) return absl::OkStatus();
  int64_t gave_up = 0;
  ok = ParseNumber(ValueOf(text, kGaveUp), gave_up);
  VisitLossScale(state.loss_scale, Reader(text, ok));
  if (!ok) {
    return absl::DataLossError(
        absl::StrCat(path, ": its loss scale is damaged"));
  }
  state.loss_scale.gave_up = gave_up != 0;
  return absl::OkStatus();
}

}  // namespace

absl::Status SaveTraining(const Training& training, const std::string& dir,
                          double time_s, SaveAs what) {
  const TrainState& state = training.state;
  const Carry carry = training.executor.GatherCarry(state.batch.carry);
  CheckpointInfo info;
  info.model = training.request.spec.model;
  info.train = training.request.spec.train;
  info.step = state.origin.steps + state.counters.step;
  info.train_time_s = state.origin.time_s + time_s;
  info.ids = state.embeddings.index;
  for (TaskEmbeddings& task : info.ids.tasks) {
    for (size_t i = 0; i < task.updates.size(); ++i) {
      task.updates[i] =
          state.embeddings.updates[static_cast<size_t>(task.first_id) + i];
    }
  }
  info.trained = state.trained;
  info.run = state.origin.run;
  NamedFiles files = {{kWeightsFile, ToSafetensors(ModelTensors(
                                         *state.model, state.AnswerWeights(),
                                         state.embeddings.rows))}};
  if (what == SaveAs::kInMemory) {
    KeepCheckpoint(dir, info, std::move(files));
    return absl::OkStatus();
  }
  if (what == SaveAs::kWhole) {
    files.emplace_back(kResumeFile,
                       ToSafetensors(ResumeTensors(training, carry, time_s)));
  }
  return WriteCheckpoint(dir, info, std::move(files));
}

void GatherForSave(const Training& training) {
  training.executor.GatherCarry(training.state.batch.carry);
}

absl::StatusOr<EmbeddingInitPlan> LoadStartWeights(Training& training) {
  const TrainRequest& request = training.request;
  TrainState& state = training.state;
  ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info,
                          ReadCheckpointInfo(request.spec.checkpoint));
  ARCTRM_RETURN_IF_ERROR(CheckSameNetwork(info, request.spec.model));
  ARCTRM_ASSIGN_OR_RETURN(const SafetensorsFile file,
                          ReadCheckpointTensors(info.dir, kWeightsFile));
  ARCTRM_ASSIGN_OR_RETURN(
      const Tensor table,
      LoadModelTensors(file, info.ids.num_ids, *state.model));
  const bool lacks_rows =
      request.spec.model.puzzle == PuzzleKindName(PuzzleKind::kArc) &&
      request.spec.model.puzzle_prefix > 0 && info.ids.num_ids == 1;
  if (lacks_rows && request.spec.train.embedding_init != "zero" &&
      training.log != nullptr) {
    training.log->Warning(
        "the start weights have no embedding rows: all embedding rows start at "
        "zero, as with train.embedding_init = zero");
  }
  EmbeddingInitPlan init_plan = InitEmbeddings(request, info.ids, table, state);
  std::vector<TrainedTask> seen = std::move(info.trained);
  MergeTrainedTasks(state.trained, seen);
  state.trained = std::move(seen);
  state.origin.steps = info.step;
  state.origin.time_s = info.train_time_s;
  ARCTRM_ASSIGN_OR_RETURN(state.origin.fingerprint,
                          CheckpointFingerprint(request.spec.checkpoint));
  return init_plan;
}

absl::Status LoadResumeState(Training& training) {
  const TrainRequest& request = training.request;
  TrainState& state = training.state;
  ARCTRM_ASSIGN_OR_RETURN(ResumeState saved,
                          ReadResume(request.spec.out, request.spec.model,
                                     request.spec.train, *request.dataset));
  const SafetensorsFile& file = saved.state;
  at::NoGradGuard no_grad;
  ARCTRM_ASSIGN_OR_RETURN(
      const Tensor table,
      LoadModelTensors(saved.weights, state.embeddings.index.num_ids,
                       *state.model));
  state.embeddings.rows.copy_(table);
  if (state.average.defined()) state.average.copy_(state.model->flat());
  ARCTRM_RETURN_IF_ERROR(LoadTensor(file, "parameters", state.model->flat()));
  ARCTRM_RETURN_IF_ERROR(LoadTensor(file, "exp_avg", state.optimizer.exp_avg));
  ARCTRM_RETURN_IF_ERROR(
      LoadTensor(file, "exp_avg_sq", state.optimizer.exp_avg_sq));
  ARCTRM_RETURN_IF_ERROR(LoadNumbers(
      file.metadata(), JoinPath(request.spec.out, kResumeFile), state));
  if (state.loss_scale.gave_up && state.model->dtype() == at::kHalf) {
    training.executor.SetForwardDtype(at::kFloat, state.batch.carry);
  }
  ARCTRM_RETURN_IF_ERROR(
      LoadBatch(file, request.spec.train.batch, state.batch));
  ARCTRM_RETURN_IF_ERROR(state.batch.exploration.SetState(
      ValueOf(file.metadata(), "exploration")));
  ARCTRM_RETURN_IF_ERROR(
      state.batch.examples.SetState(ValueOf(file.metadata(), "sampler")));
  for (const TaskEmbeddings& task : saved.info.ids.tasks) {
    for (size_t i = 0; i < task.updates.size(); ++i) {
      state.embeddings.updates[static_cast<size_t>(task.first_id) + i] =
          task.updates[i];
    }
  }
  state.trained = std::move(saved.info.trained);
  if (state.origin.run.empty()) state.origin.run = saved.info.run;
  state.origin.fingerprint.reset();
  if (saved.Has(kStartKey)) state.origin.fingerprint = saved.Text(kStartKey);
  return absl::OkStatus();
}

}  // namespace arctrm::internal
