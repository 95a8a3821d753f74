// SPDX-License-Identifier: MIT
#include "solver/train/embedding_init.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "solver/train/embedding_init_search.h"

namespace arctrm::internal {
namespace {

// Copies the embedding rows of a task that the checkpoint has too.
void KeepKnownRows(const TaskEmbeddings& task, const TaskEmbeddings& before,
                   const Tensor& known, Tensor& rows,
                   std::vector<int64_t>& updates, std::vector<bool>& is_new) {
  std::map<std::string, size_t> place;  // augmentation -> index in `before`
  for (size_t i = 0; i < before.augmentations.size(); ++i) {
    place[before.augmentations[i].Key()] = i;
  }
  for (size_t i = 0; i < task.augmentations.size(); ++i) {
    const auto found = place.find(task.augmentations[i].Key());
    if (found == place.end()) continue;
    const int64_t id = task.first_id + static_cast<int64_t>(i);
    rows[id].copy_(
        known[before.first_id + static_cast<int64_t>(found->second)]);
    updates[static_cast<size_t>(id)] = before.updates[found->second];
    is_new[static_cast<size_t>(id)] = false;
  }
}

double Seconds(absl::Duration duration) {
  return absl::ToDoubleSeconds(duration);
}

// Signals the other processes regularly that the search continues, so that they
// do not time out.
class KeepAlive {
 public:
  explicit KeepAlive(const Training& training)
      : collective_(training.executor.collective()),
        interval_(std::min(absl::Seconds(5),
                           training.request.group.operation_timeout / 4)) {}

  // All processes call it; all return the value of rank 0.
  bool Send(bool continues) {
    if (collective_.size() == 1) return continues;
    Tensor word = at::full({1}, continues, at::kBool);
    collective_.Broadcast(word);
    last_ = RealClock().Now();
    return word.item<bool>();
  }
  void SendIfDue() {
    if (RealClock().Now() - last_ > interval_) Send(true);
  }

 private:
  Collective& collective_;
  absl::Duration interval_;
  absl::Time last_ = RealClock().Now();
};

}  // namespace

EmbeddingInitPlan InitEmbeddings(const TrainRequest& request,
                                 const EmbeddingIndex& index,
                                 const Tensor& known, TrainState& state) {
  at::NoGradGuard no_grad;
  const TrainOptions& train = request.spec.train;
  EmbeddingTable& embeddings = state.embeddings;
  EmbeddingInitPlan init_plan;
  init_plan.is_new.assign(static_cast<size_t>(embeddings.index.num_ids), true);
  init_plan.is_new[0] = false;  // the blank row
  if (train.embedding_init == "best_match" && index.num_ids > 1) {
    init_plan.candidates = EvenlySpacedRows(known, train.match_candidates)
                               .to(state.model->device(), at::kFloat);
  }
  Tensor rows = at::zeros(embeddings.rows.sizes(), at::kFloat);
  if (train.embedding_init != "zero" && index.num_ids > 1) {
    rows.copy_(
        known.narrow(0, 1, index.num_ids - 1).mean(0, true).expand_as(rows));
  }
  // Row 0 is blank for ARC; Sudoku and mazes use it for all puzzles.
  rows[0].copy_(known[0]);
  for (const TaskEmbeddings& task : embeddings.index.tasks) {
    const TaskEmbeddings* before = index.Find(task.name);
    if (before == nullptr) continue;
    KeepKnownRows(task, *before, known, rows, embeddings.updates,
                  init_plan.is_new);
  }
  embeddings.rows.copy_(rows);
  return init_plan;
}

void SearchEmbeddingInit(const EmbeddingInitPlan& plan, Training& training) {
  const TrainRequest& request = training.request;
  TrainState& state = training.state;
  KeepAlive keep_alive(training);
  if (training.executor.collective().rank() > 0) {
    while (keep_alive.Send(true)) {
    }
    return;
  }
  // Without a time limit the search covers all rows, for a reproducible result.
  const double limit_s = request.spec.limits.end.IsInfinite()
                             ? std::numeric_limits<double>::infinity()
                             : request.spec.train.match_share *
                                   Seconds(request.spec.limits.end.Remaining());
  const absl::Time start = RealClock().Now();
  const auto took_s = [start] { return Seconds(RealClock().Now() - start); };
  const auto progress = [&](int done, int wanted) {
    keep_alive.SendIfDue();
    if (training.log == nullptr) return;
    training.log->Progress(
        absl::StrFormat("match  row %d/%d  %.1f rows/s  at most %.0f s", done,
                        wanted, done / std::max(took_s(), 1e-9), limit_s));
  };
  const EmbeddingInitSearch search = {*state.model,
                                      LossOptions(request.spec.train).kind,
                                      *training.executor.workers(),
                                      state.batch.examples.sampler(),
                                      *request.dataset,
                                      state.embeddings.index};
  const int matched =
      search.Match(plan, limit_s, progress, state.embeddings.rows);
  if (training.log != nullptr) {
    training.log->EndProgress();
    training.log->Info(absl::StrFormat(
        "matched %d of %d embedding rows with %d of the checkpoint's in %.1f s",
        matched, state.embeddings.index.num_ids - 1, plan.candidates.size(0),
        took_s()));
  }
  keep_alive.Send(false);
}

}  // namespace arctrm::internal
