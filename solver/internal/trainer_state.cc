// SPDX-License-Identifier: MIT
// How a trainer begins, and what it writes: the rest of the class is in
// trainer.cc.
#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/options.h"
#include "base/status.h"
#include "solver/internal/checkpoint.h"
#include "solver/internal/checkpoint_files.h"
#include "solver/internal/cuda_launch.h"
#include "solver/internal/device.h"
#include "solver/internal/trainer.h"

namespace arctrm::internal {
namespace {

Tensor Clone(const Tensor& t) { return t.detach().clone(); }

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

// "on" or "off".
absl::StatusOr<std::string> FitCanvasOf(const TrainRequest& request) {
  const std::string& asked = request.train.fit_canvas;
  const bool can = request.dataset->has_ids() && !request.model.mixer;
  if (asked == "on" && !can) {
    return absl::InvalidArgumentError(
        "train.fit_canvas = on: a mixer has weights for every position, and "
        "Sudoku and mazes fill their canvas; leave it at auto");
  }
  if (asked != "auto") return asked;
  const std::string start = request.resume ? request.out : request.checkpoint;
  if (start.empty()) return std::string(can ? "on" : "off");
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info, ReadCheckpointInfo(start));
  return std::string(info.train.fit_canvas == "on" ? "on" : "off");
}

// 1 or more.
absl::StatusOr<int> CanvasStepOf(const TrainRequest& request,
                                 at::Device device) {
  // Rows of one size are computed at once. A GPU wants many of them: in steps
  // of 4 a batch of 768 has about 40 sizes instead of 130 to 180, and 12 to 19
  // % more tokens.
  constexpr int kOnGpu = 4;
  if (request.train.canvas_step > 0) return request.train.canvas_step;
  const std::string start = request.resume ? request.out : request.checkpoint;
  if (!start.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                            ReadCheckpointInfo(start));
    if (info.train.FittedStep() > 0) return info.train.FittedStep();
  }
  return device.is_cuda() ? kOnGpu : 1;
}

// The dataset, where there is one, and a row for every process.
absl::Status CheckData(const TrainRequest& request) {
  const Group& group = request.group;
  if (request.train.batch < group.size) {
    return absl::InvalidArgumentError(absl::StrCat(
        "train.batch = ", request.train.batch, " for ", group.size,
        " processes: each needs a row of every batch; start fewer, "
        "or make the batch larger"));
  }
  if (request.dataset == nullptr) return absl::OkStatus();
  const Canvas wanted = request.model.canvas();
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

absl::Status CheckGraphs(const TrainOptions& train, at::Device device) {
  if (train.cuda_graphs && !kCudaKernels) {
    return absl::InvalidArgumentError(
        "train.cuda_graphs = true: this program was built without CUDA "
        "(-DARCTRM_CUDA_KERNELS=ON); leave it at false");
  }
  if (train.cuda_graphs && !device.is_cuda()) {
    return absl::InvalidArgumentError(
        "train.cuda_graphs = true: this training runs on the CPU; leave it at "
        "false, or give --device cuda");
  }
  return absl::OkStatus();
}

// A training that goes on with the same settings and data.
struct ResumeState {
  CheckpointInfo info;
  SafetensorsFile weights;
  SafetensorsFile state;
};

std::string TextOf(const SafetensorsFile& file, const std::string& key) {
  const auto it = file.metadata().find(key);
  return it == file.metadata().end() ? std::string() : it->second;
}

absl::StatusOr<ResumeState> ReadResume(const std::string& dir,
                                       const ModelOptions& options,
                                       const TrainOptions& train,
                                       const Dataset& dataset) {
  ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info, ReadCheckpointInfo(dir));
  if (!info.has_resume_state) {
    return absl::NotFoundError(absl::StrCat(
        dir, ": holds weights but no ", kResumeFile,
        ", so training can't be resumed; start from it with --checkpoint"));
  }
  std::string difference = FirstDifference(info.model, options);
  // Trained before there were windows.
  if (info.train.fit_canvas == "auto") info.train.fit_canvas = "off";
  if (info.train.canvas_step == 0) info.train.canvas_step = train.canvas_step;
  if (difference.empty()) difference = FirstDifference(info.train, train);
  if (!difference.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        dir, ": ", difference, "; resume with the settings it began with"));
  }
  ARCTRM_ASSIGN_OR_RETURN(SafetensorsFile weights,
                          ReadCheckpointTensors(info.dir, kWeightsFile));
  ARCTRM_ASSIGN_OR_RETURN(SafetensorsFile state,
                          ReadCheckpointTensors(info.dir, kResumeFile));
  if (TextOf(state, "dataset") != DatasetFingerprint(dataset)) {
    return absl::FailedPreconditionError(
        absl::StrCat(dir,
                     ": was trained on another dataset; resume with the "
                     "same tasks, copies and seed"));
  }
  if (info.ids.num_ids != IdsOfDataset(dataset).num_ids) {
    return absl::DataLossError(
        absl::StrCat(dir, ": its id map does not fit its dataset"));
  }
  return ResumeState{std::move(info), std::move(weights), std::move(state)};
}

}  // namespace

std::string DatasetFingerprint(const Dataset& dataset) {
  std::string content = absl::StrCat(dataset.canvas.side, ";");
  if (!dataset.has_ids()) {
    absl::StrAppend(&content, PuzzleKindName(dataset.canvas.kind), ";",
                    dataset.seed, ";", dataset.copies_asked, ";");
  }
  for (const DatasetTask& task : dataset.tasks) {
    absl::StrAppend(&content, task.name, ";", task.pairs.size(), ";");
    for (const Pair& pair : task.pairs) {
      content += pair.input.ContentBytes();
      content += pair.output.ContentBytes();
    }
    for (const Augmentation& copy : task.copies) content += copy.Key();
  }
  return Sha256Hex(content);
}

Trainer::Trainer(const TrainRequest& request)
    : options_(request.model),
      train_(request.train),
      device_options_(request.device),
      seed_(request.seed),
      dataset_(request.dataset),
      examples_(ExampleSampler(request.dataset, request.train.translate,
                               request.train.pairs_per_visit, request.seed,
                               request.train.FittedStep())),
      exploration_(request.seed, "exploration"),
      ids_(IdsOfDataset(*request.dataset)),
      trained_(TrainedTasks(*request.dataset)) {
  if (request.group.rank == 0) log_ = request.log;
}

absl::Status Trainer::Check(const TrainRequest& asked) {
  ARCTRM_RETURN_IF_ERROR(asked.model.Validate());
  ARCTRM_RETURN_IF_ERROR(asked.train.Validate());
  ARCTRM_RETURN_IF_ERROR(CheckData(asked));
  ARCTRM_ASSIGN_OR_RETURN(const at::Device device, OpenDevice(asked.device, 0));
  ARCTRM_RETURN_IF_ERROR(CheckGraphs(asked.train, device));
  TrainRequest request = asked;
  if (request.dataset != nullptr) {
    ARCTRM_ASSIGN_OR_RETURN(request.train.fit_canvas, FitCanvasOf(asked));
    ARCTRM_ASSIGN_OR_RETURN(request.train.canvas_step,
                            CanvasStepOf(asked, device));
  }
  if (request.resume) {
    ARCTRM_CHECK(request.dataset != nullptr);
    ARCTRM_RETURN_IF_ERROR(CheckWeights(request.out).status());
    return ReadResume(request.out, request.model, request.train,
                      *request.dataset)
        .status();
  }
  if (request.checkpoint.empty()) return absl::OkStatus();
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          CheckWeights(request.checkpoint));
  return CheckSameNetwork(info, request.model);
}

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(
    const TrainRequest& asked,
    const std::function<std::unique_ptr<StepRecorder>()>& recorder) {
  ARCTRM_RETURN_IF_ERROR(asked.model.Validate());
  ARCTRM_RETURN_IF_ERROR(asked.train.Validate());
  TrainRequest request = asked;
  ARCTRM_ASSIGN_OR_RETURN(request.train.fit_canvas, FitCanvasOf(asked));
  ARCTRM_RETURN_IF_ERROR(CheckData(request));
  const Group& group = request.group;
  ARCTRM_ASSIGN_OR_RETURN(
      const at::Device device,
      OpenDevice(request.device, group.size > 1 ? group.local_rank : 0));
  ARCTRM_ASSIGN_OR_RETURN(request.train.canvas_step,
                          CanvasStepOf(asked, device));
  ARCTRM_RETURN_IF_ERROR(CheckGraphs(request.train, device));
  std::unique_ptr<Trainer> trainer(new Trainer(request));
  ARCTRM_ASSIGN_OR_RETURN(trainer->collective_, JoinGroup(group, device));
  ARCTRM_RETURN_IF_ERROR(trainer->CheckSameRequest());
  trainer->rows_ = SliceOf(request.train.batch, group.size, group.rank);
  const int64_t batch = trainer->rows_.size;
  const int64_t cells = request.model.num_cells();
  Random init(request.seed, "init");
  // That of rank 0, which may have measured.
  Tensor dtype = at::full(
      {1}, static_cast<int64_t>(ForwardDtype(request.train.precision, device)),
      at::kLong);
  trainer->collective_->Broadcast(dtype);
  trainer->model_ = std::make_unique<Model>(
      request.model, device, static_cast<at::ScalarType>(dtype.item<int64_t>()),
      init);
  Model& model = *trainer->model_;
  trainer->table_ =
      at::zeros({trainer->ids_.num_ids, request.model.hidden},
                at::TensorOptions().dtype(at::kFloat).device(device));
  trainer->updates_.assign(static_cast<size_t>(trainer->ids_.num_ids), 0);
  trainer->fresh_ = at::zeros({2, batch, cells}, at::kByte);
  const auto longs = at::TensorOptions().dtype(at::kLong);
  trainer->current_ids_ = at::zeros({request.train.batch}, longs);
  trainer->windows_ = at::zeros({request.train.batch, 4}, longs);
  trainer->windows_.narrow(1, 0, 2).fill_(request.model.canvas_side);
  trainer->halted_.Start(at::ones({request.train.batch}, at::kBool));
  const Batch like = {at::zeros({batch, cells}, longs.device(device)),
                      at::zeros({batch, cells}, longs.device(device)),
                      at::zeros({batch}, longs.device(device))};
  trainer->carry_ = InitialCarry(model, like);
  if (!request.checkpoint.empty() && !request.resume) {
    ARCTRM_RETURN_IF_ERROR(trainer->LoadStart(request.checkpoint));
  }
  trainer->adam_ = std::make_unique<AdamAtan2>(model.flat());
  if (request.train.ema > 0) trainer->ema_ = Clone(model.flat());
  if (request.resume) {
    ARCTRM_RETURN_IF_ERROR(trainer->LoadResume(request.out));
  }
  at::globalContext().setDeterministicAlgorithms(
      true, /*warn_only=*/!request.train.deterministic);
  // cuDNN's attention makes a plan for each new number of rows and tokens,
  // which can take a second: with one shape only.
  at::globalContext().setSDPUseCuDNN(request.train.FittedStep() == 0);
  if (request.train.FittedStep() > 0 && trainer->log_ != nullptr) {
    trainer->log_->Info(absl::StrFormat(
        "each task on the part of the canvas that it needs: %.0f %% of the "
        "cells (train.fit_canvas)",
        100 * trainer->examples_.sampler().WindowShare()));
  }
  trainer->workers_ = std::make_shared<Workers>(device.is_cpu() ? batch : 1,
                                                request.train.deterministic);
  for (int i = 1; i < trainer->workers_->count(); ++i) {
    trainer->replicas_.push_back(model.Replica());
  }
  std::function<std::unique_ptr<StepRecorder>()> make_recorder = recorder;
  if constexpr (kCudaKernels) {
    if (request.train.cuda_graphs) {
      make_recorder = [device] { return MakeCudaRecorder(device); };
    }
  }
  for (int i = 0; make_recorder && i < trainer->workers_->count(); ++i) {
    const Model* own = &model;
    if (i > 0) own = trainer->replicas_[static_cast<size_t>(i) - 1].get();
    trainer->graphs_.push_back(std::make_unique<StepGraphs>(
        own, &trainer->train_, batch, make_recorder(), trainer->log_));
  }
  if (trainer->new_rows_.candidates.defined()) trainer->MatchNewRows(request);
  trainer->ShareState();
  return trainer;
}

absl::Status Trainer::CheckSameRequest() const {
  if (collective_->size() == 1) return absl::OkStatus();
  const std::array<std::string, 4> parts = {
      SettingsText(options_), SettingsText(train_), absl::StrCat(seed_),
      DatasetFingerprint(*dataset_)};
  constexpr std::array<const char*, 4> kNames = {
      "model settings", "training settings", "seed", "dataset"};
  std::string digests;
  for (const std::string& part : parts) digests += Sha256Hex(part);
  const int64_t length = static_cast<int64_t>(digests.size());
  const Tensor all = collective_->AllGather(
      at::from_blob(digests.data(), {length}, at::kByte).clone());
  const int64_t each = length / static_cast<int64_t>(parts.size());
  for (int rank = 1; rank < collective_->size(); ++rank) {
    for (size_t i = 0; i < parts.size(); ++i) {
      const int64_t begin = static_cast<int64_t>(i) * each;
      if (!at::equal(all[rank].narrow(0, begin, each),
                     all[0].narrow(0, begin, each))) {
        return absl::FailedPreconditionError(absl::StrCat(
            "rank ", rank, " of ", collective_->size(), " has another ",
            kNames[i], " than rank 0; start all with the same"));
      }
    }
  }
  return absl::OkStatus();
}

void Trainer::ShareState() {
  if (collective_->size() == 1) return;
  at::NoGradGuard no_grad;
  for (Tensor* tensor : {&model_->flat(), &model_->h_init, &model_->l_init,
                         &table_, &ema_, &adam_->exp_avg, &adam_->exp_avg_sq}) {
    if (tensor->defined()) collective_->Broadcast(*tensor);
  }
}

absl::Status Trainer::LoadStart(const std::string& checkpoint) {
  ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info, ReadCheckpointInfo(checkpoint));
  ARCTRM_RETURN_IF_ERROR(CheckSameNetwork(info, options_));
  ARCTRM_ASSIGN_OR_RETURN(const SafetensorsFile file,
                          ReadCheckpointTensors(info.dir, kWeightsFile));
  ARCTRM_ASSIGN_OR_RETURN(const Tensor table,
                          LoadModelTensors(file, info.ids.num_ids, *model_));
  const bool no_rows = options_.puzzle == PuzzleKindName(PuzzleKind::kArc) &&
                       options_.puzzle_prefix > 0 && info.ids.num_ids == 1;
  if (no_rows && train_.new_rows != "zero" && log_ != nullptr) {
    log_->Warning(
        "the start weights have no embedding rows: those of all tasks begin at "
        "zero, as with train.new_rows = zero");
  }
  FillNewRows(info.ids, table);
  std::vector<TrainedTask> seen = std::move(info.trained);
  MergeTrainedTasks(trained_, seen);
  trained_ = std::move(seen);
  earlier_steps_ = info.step;
  weights_time_s_ = info.train_time_s;
  return absl::OkStatus();
}

// Rows that the checkpoint knows keep their values; the others start as
// train.new_rows says.
void Trainer::FillNewRows(const PuzzleIds& known, const Tensor& known_table) {
  at::NoGradGuard no_grad;
  Tensor table = at::zeros(table_.sizes(), at::kFloat);
  new_rows_.is_new.assign(static_cast<size_t>(ids_.num_ids), true);
  new_rows_.is_new[0] = false;  // the blank id
  if (train_.new_rows == "match" && known.num_ids > 1) {
    new_rows_.candidates = SpacedRows(known_table, train_.match_candidates)
                               .to(model_->device(), at::kFloat);
  }
  if (train_.new_rows != "zero" && known.num_ids > 1) {
    table.copy_(known_table.narrow(0, 1, known.num_ids - 1)
                    .mean(0, true)
                    .expand_as(table));
  }
  // Blank for ARC, every puzzle's for Sudoku and mazes.
  table[0].copy_(known_table[0]);
  std::map<std::string, const PuzzleTask*> by_name;
  for (const PuzzleTask& task : known.tasks) by_name[task.name] = &task;
  for (const PuzzleTask& task : ids_.tasks) {
    const auto it = by_name.find(task.name);
    if (it == by_name.end()) continue;
    std::map<std::string, int64_t> rows;
    for (size_t i = 0; i < it->second->copies.size(); ++i) {
      rows[it->second->copies[i].Key()] =
          it->second->first_id + static_cast<int64_t>(i);
    }
    for (size_t i = 0; i < task.copies.size(); ++i) {
      const auto row = rows.find(task.copies[i].Key());
      if (row == rows.end()) continue;
      const int64_t id = task.first_id + static_cast<int64_t>(i);
      table[id].copy_(known_table[row->second]);
      new_rows_.is_new[static_cast<size_t>(id)] = false;
      const size_t copy =
          static_cast<size_t>(row->second - it->second->first_id);
      updates_[static_cast<size_t>(id)] = it->second->updates[copy];
    }
  }
  table_.copy_(table);
}

void Trainer::MatchNewRows(const TrainRequest& request) {
  // Rank 0 does it alone: what is reached in time depends on the machine. A
  // word now and then keeps the others from taking it for dead.
  const auto still_at_it = [&](bool value) {
    Tensor word = at::full({1}, value, at::kBool);
    collective_->Broadcast(word);
    return word.item<bool>();
  };
  if (collective_->rank() > 0) {
    while (still_at_it(true)) {
    }
    new_rows_ = {};
    return;
  }
  absl::Time last_word = RealClock().Now();
  // Without a time limit all are matched: the same steps give the same bytes.
  double limit_s = std::numeric_limits<double>::infinity();
  if (!request.deadline.IsInfinite()) {
    limit_s = train_.match_share *
              absl::ToDoubleSeconds(request.deadline.Remaining());
  }
  const absl::Time start = RealClock().Now();
  const RowMatcher matcher = {*model_,   train_, *workers_, examples_.sampler(),
                              *dataset_, ids_};
  const auto progress = [&](int done, int wanted) {
    if (collective_->size() > 1 &&
        RealClock().Now() - last_word >
            std::min(absl::Seconds(5), request.group.operation_timeout / 4)) {
      still_at_it(true);
      last_word = RealClock().Now();
    }
    if (request.log == nullptr) return;
    const double took = absl::ToDoubleSeconds(RealClock().Now() - start);
    request.log->Progress(
        absl::StrFormat("match  row %d/%d  %.1f rows/s  at most %.0f s", done,
                        wanted, done / std::max(took, 1e-9), limit_s));
  };
  const int matched = matcher.Match(new_rows_, limit_s, progress, table_);
  if (request.log != nullptr) {
    request.log->EndProgress();
    request.log->Info(absl::StrFormat(
        "matched %d of %d embedding rows with %d of the checkpoint's in %.1f s",
        matched, ids_.num_ids - 1, new_rows_.candidates.size(0),
        absl::ToDoubleSeconds(RealClock().Now() - start)));
  }
  if (collective_->size() > 1) still_at_it(false);
  new_rows_ = {};
}

absl::Status Trainer::LoadResume(const std::string& dir) {
  ARCTRM_ASSIGN_OR_RETURN(internal::ResumeState saved,
                          ReadResume(dir, options_, train_, *dataset_));
  CheckpointInfo& info = saved.info;
  const SafetensorsFile& state = saved.state;
  const auto text = [&](const std::string& key) { return TextOf(state, key); };
  at::NoGradGuard no_grad;
  ARCTRM_ASSIGN_OR_RETURN(
      const Tensor table,
      LoadModelTensors(saved.weights, ids_.num_ids, *model_));
  table_.copy_(table);
  if (ema_.defined()) ema_.copy_(model_->flat());
  const auto load = [&](const std::string& name, Tensor& into) {
    absl::StatusOr<Tensor> tensor = GetTensor(state, name, into.sizes().vec());
    if (tensor.ok()) into.copy_(*tensor);
    return tensor.status();
  };
  ARCTRM_RETURN_IF_ERROR(load("parameters", model_->flat()));
  ARCTRM_RETURN_IF_ERROR(load("exp_avg", adam_->exp_avg));
  ARCTRM_RETURN_IF_ERROR(load("exp_avg_sq", adam_->exp_avg_sq));
  // Checkpoints of before float16 hold nothing of it.
  if (!text("loss_scale").empty()) {
    int64_t gave_up = 0;
    if (!absl::SimpleAtod(text("loss_scale"), &loss_scale.scale) ||
        !absl::SimpleAtoi(text("loss_scale_good_steps"),
                          &loss_scale.good_steps) ||
        !absl::SimpleAtoi(text("skipped_steps"), &loss_scale.skipped_steps) ||
        !absl::SimpleAtoi(text("skipped_in_a_row"),
                          &loss_scale.skipped_in_a_row) ||
        !absl::SimpleAtoi(text("loss_scale_gave_up"), &gave_up)) {
      return absl::DataLossError(
          absl::StrCat(dir, "/", kResumeFile, ": its loss scale is damaged"));
    }
    loss_scale.gave_up = gave_up != 0;
    if (loss_scale.gave_up && model_->dtype() == at::kHalf) {
      SetForwardDtype(at::kFloat);
    }
  }
  // The rows of this rank out of those of all.
  const auto load_rows = [&](const std::string& name, Tensor& into) {
    std::vector<int64_t> shape = into.sizes().vec();
    shape[0] = train_.batch;
    absl::StatusOr<Tensor> tensor = GetTensor(state, name, shape);
    if (tensor.ok()) into.copy_(tensor->narrow(0, rows_.begin, rows_.size));
    return tensor.status();
  };
  ARCTRM_RETURN_IF_ERROR(load_rows("carry.z_H", carry_.latents.z_h));
  ARCTRM_RETURN_IF_ERROR(load_rows("carry.z_L", carry_.latents.z_l));
  ARCTRM_RETURN_IF_ERROR(load_rows("carry.steps", carry_.steps));
  ARCTRM_RETURN_IF_ERROR(load_rows("carry.halted", carry_.halted));
  ARCTRM_RETURN_IF_ERROR(load_rows("carry.tokens", carry_.current.tokens));
  ARCTRM_RETURN_IF_ERROR(load_rows("carry.labels", carry_.current.labels));
  ARCTRM_RETURN_IF_ERROR(
      load_rows("carry.puzzle_ids", carry_.current.puzzle_ids));
  Tensor halted = at::empty({train_.batch}, at::kBool);
  ARCTRM_RETURN_IF_ERROR(load("carry.halted", halted));
  halted_.Start(halted);
  ARCTRM_RETURN_IF_ERROR(load("carry.puzzle_ids", current_ids_));
  // Checkpoints of before it have the whole canvas only, later ones squares.
  if (const TensorEntry* windows = state.Find("carry.windows")) {
    if (windows->shape == std::vector<int64_t>{train_.batch, 3}) {
      Tensor squares = at::empty({train_.batch, 3}, at::kLong);
      ARCTRM_RETURN_IF_ERROR(load("carry.windows", squares));
      windows_.narrow(1, 1, 3).copy_(squares);
      windows_.select(1, 0).copy_(squares.select(1, 0));
    } else {
      ARCTRM_RETURN_IF_ERROR(load("carry.windows", windows_));
    }
  }
  ARCTRM_RETURN_IF_ERROR(exploration_.SetState(text("exploration")));
  ARCTRM_RETURN_IF_ERROR(examples_.SetState(text("sampler")));
  if (!absl::SimpleAtoi(text("step"), &step_) ||
      !absl::SimpleAtoi(text("adam_t"), &adam_->t) ||
      !absl::SimpleAtoi(text("rows_only_steps"), &rows_only_steps_) ||
      !absl::SimpleAtoi(text("earlier_steps"), &earlier_steps_) ||
      !absl::SimpleAtod(text("time_s"), &earlier_time_s_) ||
      !absl::SimpleAtod(text("weights_time_s"), &weights_time_s_) ||
      !absl::SimpleAtoi(text("best_step"), &best_step) ||
      !absl::SimpleAtod(text("best_exact"), &best.exact) ||
      !absl::SimpleAtod(text("best_accuracy"), &best.accuracy)) {
    return absl::DataLossError(
        absl::StrCat(dir, "/", kResumeFile, ": its counters are damaged"));
  }
  for (const PuzzleTask& task : info.ids.tasks) {
    for (size_t i = 0; i < task.updates.size(); ++i) {
      updates_[static_cast<size_t>(task.first_id) + i] = task.updates[i];
    }
  }
  trained_ = std::move(info.trained);
  return absl::OkStatus();
}

absl::Status Trainer::Save(const std::string& dir, double time_s,
                           SaveAs what) const {
  const Carry carry = WholeCarry();
  CheckpointInfo info;
  info.model = options_;
  info.train = train_;
  info.step = earlier_steps_ + step_;
  info.train_time_s = weights_time_s_ + time_s;
  info.ids = ids_;
  for (PuzzleTask& task : info.ids.tasks) {
    for (size_t i = 0; i < task.updates.size(); ++i) {
      task.updates[i] = updates_[static_cast<size_t>(task.first_id) + i];
    }
  }
  info.trained = trained_;
  const Tensor& averaged = ema_.defined() ? ema_ : model_->flat();
  NamedFiles files = {
      {kWeightsFile, ToSafetensors(ModelTensors(*model_, averaged, table_))}};
  if (what == SaveAs::kInMemory) {
    KeepCheckpoint(dir, info, std::move(files));
    return absl::OkStatus();
  }
  if (what == SaveAs::kWhole) {
    files.emplace_back(kResumeFile, ToSafetensors(ResumeState(carry, time_s)));
  }
  return WriteCheckpoint(dir, info, std::move(files));
}

TensorMap Trainer::ResumeState(const Carry& carry, double time_s) const {
  TensorMap state;
  state.tensors = {{"parameters", model_->flat()},
                   {"exp_avg", adam_->exp_avg},
                   {"exp_avg_sq", adam_->exp_avg_sq},
                   {"carry.z_H", carry.latents.z_h},
                   {"carry.z_L", carry.latents.z_l},
                   {"carry.steps", carry.steps},
                   {"carry.halted", carry.halted},
                   {"carry.tokens", carry.current.tokens},
                   {"carry.labels", carry.current.labels},
                   {"carry.puzzle_ids", carry.current.puzzle_ids},
                   {"carry.windows", windows_}};
  state.metadata = {
      {"dataset", DatasetFingerprint(*dataset_)},
      {"exploration", exploration_.State()},
      {"sampler", examples_.State()},
      {"step", absl::StrCat(step_)},
      {"adam_t", absl::StrCat(adam_->t)},
      {"rows_only_steps", absl::StrCat(rows_only_steps_)},
      {"earlier_steps", absl::StrCat(earlier_steps_)},
      {"time_s", absl::StrFormat("%.17g", time_s)},
      {"weights_time_s", absl::StrFormat("%.17g", weights_time_s_)},
      {"best_step", absl::StrCat(best_step)},
      {"best_exact", absl::StrFormat("%.17g", best.exact)},
      {"best_accuracy", absl::StrFormat("%.17g", best.accuracy)}};
  if (loss_scale.gave_up || model_->dtype() == at::kHalf) {
    state.metadata["loss_scale"] = absl::StrFormat("%.17g", loss_scale.scale);
    state.metadata["loss_scale_good_steps"] =
        absl::StrCat(loss_scale.good_steps);
    state.metadata["loss_scale_gave_up"] =
        absl::StrCat(loss_scale.gave_up ? 1 : 0);
    state.metadata["skipped_steps"] = absl::StrCat(loss_scale.skipped_steps);
    state.metadata["skipped_in_a_row"] =
        absl::StrCat(loss_scale.skipped_in_a_row);
  }
  return state;
}

}  // namespace arctrm::internal
