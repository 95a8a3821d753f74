// SPDX-License-Identifier: MIT
#include "solver/internal/trainer.h"

#include <algorithm>
#include <cmath>
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
#include "solver/internal/device.h"
#include "solver/internal/predictor.h"

namespace arctrm::internal {
namespace {

// The first setting in which two sets of options differ, "" for none.
template <typename Options>
std::string FirstDifference(Options a, Options b) {
  OptionSet set_a;
  OptionSet set_b;
  AddOptions(a, set_a);
  AddOptions(b, set_b);
  const auto items_a = set_a.Items();
  const auto items_b = set_b.Items();
  for (size_t i = 0; i < items_a.size(); ++i) {
    if (items_a[i].value != items_b[i].value) {
      return absl::StrCat(items_a[i].key, " is ", items_a[i].value,
                          " in the checkpoint and ", items_b[i].value, " here");
    }
  }
  return "";
}

Tensor Clone(const Tensor& t) { return t.detach().clone(); }

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
      sampler_(request.dataset, request.train.translate,
               request.train.pairs_per_visit, request.seed),
      exploration_(request.seed, "exploration"),
      ids_(IdsOfDataset(*request.dataset)),
      trained_(TrainedTasks(*request.dataset)) {}

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(
    const TrainRequest& request) {
  ARCTRM_RETURN_IF_ERROR(request.model.Validate());
  ARCTRM_RETURN_IF_ERROR(request.train.Validate());
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
  ARCTRM_ASSIGN_OR_RETURN(const at::Device device, OpenDevice(request.device));
  std::unique_ptr<Trainer> trainer(new Trainer(request));
  const int64_t batch = request.train.batch;
  const int64_t cells = request.model.num_cells();
  Random init(request.seed, "init");
  trainer->model_ = std::make_unique<Model>(
      request.model, device, ForwardDtype(request.train.precision, device),
      init);
  Model& model = *trainer->model_;
  trainer->table_ =
      at::zeros({trainer->ids_.num_ids, request.model.hidden},
                at::TensorOptions().dtype(at::kFloat).device(device));
  trainer->updates_.assign(static_cast<size_t>(trainer->ids_.num_ids), 0);
  trainer->input_buffer_.resize(static_cast<size_t>(batch * cells));
  trainer->label_buffer_.resize(static_cast<size_t>(batch * cells));
  const auto longs = at::TensorOptions().dtype(at::kLong);
  trainer->current_ids_ = at::zeros({batch}, longs);
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
  trainer->workers_ = std::make_shared<Workers>(device.is_cpu() ? batch : 1,
                                                request.train.deterministic);
  for (int i = 1; i < trainer->workers_->count(); ++i) {
    trainer->replicas_.push_back(model.Replica());
  }
  if (trainer->new_rows_.candidates.defined()) trainer->MatchNewRows(request);
  return trainer;
}

absl::Status Trainer::LoadStart(const std::string& checkpoint) {
  ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info, ReadCheckpointInfo(checkpoint));
  // What train.H_cycles and its like changed may differ.
  ModelOptions known = info.model;
  known.h_cycles = options_.h_cycles;
  known.l_cycles = options_.l_cycles;
  known.halt_max_steps = options_.halt_max_steps;
  const std::string difference = FirstDifference(known, options_);
  if (!difference.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        checkpoint, ": ", difference,
        "; a checkpoint is continued with its own network and canvas"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const SafetensorsFile file,
                          ReadCheckpointTensors(info.dir, kWeightsFile));
  ARCTRM_ASSIGN_OR_RETURN(const Tensor table,
                          LoadModelTensors(file, info.ids.num_ids, *model_));
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
  // Without a time limit all are matched: the same steps give the same bytes.
  double limit_s = std::numeric_limits<double>::infinity();
  if (!request.deadline.IsInfinite()) {
    limit_s = train_.match_share *
              absl::ToDoubleSeconds(request.deadline.Remaining());
  }
  const absl::Time start = RealClock().Now();
  const RowMatcher matcher = {*model_,  train_,    *workers_,
                              sampler_, *dataset_, ids_};
  const auto progress = [&](int done, int wanted) {
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
  new_rows_ = {};
}

absl::Status Trainer::LoadResume(const std::string& dir) {
  ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info, ReadCheckpointInfo(dir));
  if (!info.has_resume_state) {
    return absl::NotFoundError(absl::StrCat(
        dir, ": holds weights but no ", kResumeFile,
        ", so training can't be resumed; start from it with --checkpoint"));
  }
  std::string difference = FirstDifference(info.model, options_);
  if (difference.empty()) difference = FirstDifference(info.train, train_);
  if (!difference.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        dir, ": ", difference, "; resume with the settings it began with"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const SafetensorsFile weights,
                          ReadCheckpointTensors(info.dir, kWeightsFile));
  ARCTRM_ASSIGN_OR_RETURN(const SafetensorsFile state,
                          ReadCheckpointTensors(info.dir, kResumeFile));
  const auto text = [&](const std::string& key) {
    const auto it = state.metadata().find(key);
    return it == state.metadata().end() ? std::string() : it->second;
  };
  if (text("dataset") != DatasetFingerprint(*dataset_)) {
    return absl::FailedPreconditionError(
        absl::StrCat(dir,
                     ": was trained on another dataset; resume with the "
                     "same tasks, copies and seed"));
  }
  if (info.ids.num_ids != ids_.num_ids) {
    return absl::DataLossError(
        absl::StrCat(dir, ": its id map does not fit its dataset"));
  }
  at::NoGradGuard no_grad;
  ARCTRM_ASSIGN_OR_RETURN(const Tensor table,
                          LoadModelTensors(weights, ids_.num_ids, *model_));
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
  ARCTRM_RETURN_IF_ERROR(load("carry.z_H", carry_.latents.z_h));
  ARCTRM_RETURN_IF_ERROR(load("carry.z_L", carry_.latents.z_l));
  ARCTRM_RETURN_IF_ERROR(load("carry.steps", carry_.steps));
  ARCTRM_RETURN_IF_ERROR(load("carry.halted", carry_.halted));
  ARCTRM_RETURN_IF_ERROR(load("carry.tokens", carry_.current.tokens));
  ARCTRM_RETURN_IF_ERROR(load("carry.labels", carry_.current.labels));
  ARCTRM_RETURN_IF_ERROR(load("carry.puzzle_ids", carry_.current.puzzle_ids));
  current_ids_.copy_(carry_.current.puzzle_ids);
  ARCTRM_RETURN_IF_ERROR(exploration_.SetState(text("exploration")));
  ARCTRM_RETURN_IF_ERROR(sampler_.SetState(text("sampler")));
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

Batch Trainer::DrawBatch() {
  const Tensor halted = carry_.halted.to(at::kCPU);
  const bool* flags = halted.const_data_ptr<bool>();
  const int64_t batch = halted.numel();
  const int64_t cells = options_.num_cells();
  int64_t* ids = current_ids_.mutable_data_ptr<int64_t>();
  for (int64_t b = 0; b < batch; ++b) {
    if (!flags[b]) continue;
    const Example example = sampler_.Next();
    ids[b] = example.puzzle_id;
    sampler_.Encode(example, input_buffer_.data() + b * cells,
                    label_buffer_.data() + b * cells);
  }
  const at::Device device = model_->device();
  const auto move = [&](std::vector<uint8_t>& buffer) {
    return at::from_blob(buffer.data(), {batch, cells}, at::kByte)
        .to(device, at::kLong);
  };
  Batch out;
  out.tokens = move(input_buffer_);
  const Tensor labels = move(label_buffer_);
  out.labels = at::where(labels == kPadToken, kIgnoredLabel, labels);
  out.puzzle_ids = current_ids_.to(device, at::kLong, false, true);
  return out;
}

void Trainer::RunShare(int worker, const Batch& fresh, const Tensor& min_steps,
                       Share& share) {
  const auto [begin, size] = SliceOf(train_.batch, workers_->count(), worker);
  const auto part = [first = begin, rows = size](const Tensor& whole) {
    return whole.narrow(0, first, rows);
  };
  const auto part_of = [&](const Batch& b) {
    return Batch{part(b.tokens), part(b.labels), part(b.puzzle_ids)};
  };
  Model& model =
      worker == 0 ? *model_ : *replicas_[static_cast<size_t>(worker) - 1];
  share.carry = {{part(carry_.latents.z_h), part(carry_.latents.z_l)},
                 part(carry_.steps),
                 part(carry_.halted),
                 part_of(carry_.current)};
  AdmitBatch(model, part_of(fresh), share.carry);
  AddNoise(worker, share.carry);
  model.RequireGradients(step_ > rows_only_steps_);
  share.rows = table_.index_select(0, share.carry.current.puzzle_ids);
  share.rows.set_requires_grad(true);
  model.flat_grad().zero_();
  const ActOutput out = ActStep(
      model, share.rows, /*training=*/true,
      min_steps.defined() ? part(min_steps) : min_steps, train_, share.carry);
  (out.loss.loss / static_cast<double>(train_.batch)).backward();
  share.loss = out.loss;
}

// train.start_noise for the rows that begin, train.latent_noise for all.
void Trainer::AddNoise(int worker, Carry& carry) const {
  at::NoGradGuard no_grad;
  Random seeds(seed_, absl::StrCat("latent noise ", step_, " ", worker));
  Latents& latents = carry.latents;
  if (train_.start_noise > 0) {
    const Tensor begins = carry.halted.view({-1, 1, 1});
    for (Tensor* z : {&latents.z_h, &latents.z_l}) {
      *z = at::where(
          begins, Model::WithNoise(*z, train_.start_noise, seeds.Next()), *z);
    }
  }
  if (train_.latent_noise > 0) {
    latents.z_l =
        Model::WithNoise(latents.z_l, train_.latent_noise, seeds.Next());
  }
}

// train.curriculum_share: cycles grow with the run.
void Trainer::SetCycles(double progress) {
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
}

void Trainer::Step(StepSums& sums, double progress) {
  // Once the network learns, it goes on learning: a run that is resumed with
  // more time must not fall back.
  const bool rows_only =
      step_ == rows_only_steps_ && progress < train_.rows_only_share;
  ++step_;
  if (rows_only) ++rows_only_steps_;
  const int64_t batch = train_.batch;
  const double decay =
      train_.decay_share > 0
          ? std::clamp((1 - progress) / train_.decay_share, 0.0, 1.0)
          : 1;
  learning_rate_ = rows_only
                       ? 0
                       : decay * WarmupLearningRate(train_.learning_rate,
                                                    step_ - rows_only_steps_,
                                                    train_.warmup_steps);
  SetCycles(progress);
  const Batch fresh = DrawBatch();
  for (int64_t b = 0; b < batch; ++b) {
    ++updates_[static_cast<size_t>(current_ids_.const_data_ptr<int64_t>()[b])];
  }
  Tensor min_steps;
  if (options_.exploration > 0 && options_.halt_max_steps > 1) {
    // Redrawn every step, so it only delays halting (as published).
    Tensor host = at::zeros({batch}, at::kLong);
    for (int64_t b = 0; b < batch; ++b) {
      if (exploration_.Chance(options_.exploration)) {
        host.mutable_data_ptr<int64_t>()[b] =
            exploration_.Between(2, options_.halt_max_steps);
      }
    }
    min_steps = host.to(model_->device());
  }
  std::vector<Share> shares(static_cast<size_t>(workers_->count()));
  workers_->Run([&](int worker) {
    RunShare(worker, fresh, min_steps, shares[static_cast<size_t>(worker)]);
  });

  at::NoGradGuard no_grad;
  const auto joined = [&](auto tensor_of) {
    if (shares.size() == 1) return Tensor(tensor_of(shares[0]));
    std::vector<Tensor> parts;
    for (Share& share : shares) parts.push_back(tensor_of(share));
    return at::cat(parts);
  };
  carry_ = {
      {joined([](Share& share) { return share.carry.latents.z_h; }),
       joined([](Share& share) { return share.carry.latents.z_l; })},
      joined([](Share& share) { return share.carry.steps; }),
      joined([](Share& share) { return share.carry.halted; }),
      {joined([](Share& share) { return share.carry.current.tokens; }),
       joined([](Share& share) { return share.carry.current.labels; }),
       joined([](Share& share) { return share.carry.current.puzzle_ids; })}};

  if (options_.puzzle_prefix > 0) {
    SignSgdUpdate(table_, current_ids_,
                  joined([](Share& share) { return share.rows.grad(); }),
                  decay * WarmupLearningRate(train_.puzzle_learning_rate, step_,
                                             train_.warmup_steps),
                  train_.puzzle_weight_decay);
  }
  if (!rows_only) {
    // Added in the order of the rows: the same threads give the same bytes.
    for (const std::unique_ptr<Model>& replica : replicas_) {
      model_->flat_grad().add_(replica->flat_grad());
    }
    adam_->Update(model_->flat(), model_->flat_grad(), learning_rate_,
                  train_.weight_decay, train_.beta1, train_.beta2);
    if (ema_.defined()) EmaUpdate(ema_, model_->flat(), train_.ema);
  }

  for (const Share& share : shares) {
    const LossOutput& l = share.loss;
    const Tensor now =
        at::stack({l.lm_loss.detach(), l.q_halt_loss.detach().to(at::kDouble),
                   l.q_continue_loss.detach().to(at::kDouble), l.count,
                   l.accuracy, l.exact_accuracy, l.q_halt_accuracy, l.steps});
    sums.sums = sums.sums.defined() ? sums.sums + now : now;
  }
  ++sums.optimizer_steps;
}

std::unique_ptr<Predictor> Trainer::MakePredictor() const {
  at::NoGradGuard no_grad;
  Random unused(0, "init");
  auto model = std::make_unique<Model>(options_, model_->device(),
                                       model_->dtype(), unused);
  model->flat().copy_(ema_.defined() ? ema_ : model_->flat());
  model->h_init.copy_(model_->h_init);
  model->l_init.copy_(model_->l_init);
  return internal::MakePredictor(std::move(model), table_, {}, workers_);
}

absl::Status Trainer::Save(const std::string& dir, double time_s) const {
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
  TensorMap state;
  state.tensors = {{"parameters", model_->flat()},
                   {"exp_avg", adam_->exp_avg},
                   {"exp_avg_sq", adam_->exp_avg_sq},
                   {"carry.z_H", carry_.latents.z_h},
                   {"carry.z_L", carry_.latents.z_l},
                   {"carry.steps", carry_.steps},
                   {"carry.halted", carry_.halted},
                   {"carry.tokens", carry_.current.tokens},
                   {"carry.labels", carry_.current.labels},
                   {"carry.puzzle_ids", carry_.current.puzzle_ids}};
  state.metadata = {
      {"dataset", DatasetFingerprint(*dataset_)},
      {"exploration", exploration_.State()},
      {"sampler", sampler_.State()},
      {"step", absl::StrCat(step_)},
      {"adam_t", absl::StrCat(adam_->t)},
      {"rows_only_steps", absl::StrCat(rows_only_steps_)},
      {"earlier_steps", absl::StrCat(earlier_steps_)},
      {"time_s", absl::StrFormat("%.17g", time_s)},
      {"weights_time_s", absl::StrFormat("%.17g", weights_time_s_)},
      {"best_step", absl::StrCat(best_step)},
      {"best_exact", absl::StrFormat("%.17g", best.exact)},
      {"best_accuracy", absl::StrFormat("%.17g", best.accuracy)}};
  const Tensor& averaged = ema_.defined() ? ema_ : model_->flat();
  return WriteCheckpoint(
      dir, info,
      {{kWeightsFile, ToSafetensors(ModelTensors(*model_, averaged, table_))},
       {kResumeFile, ToSafetensors(state)}});
}

}  // namespace arctrm::internal
