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

// The rows of one task that the checkpoint has too.
void KeepKnownRows(const TaskEmbeddings& task, const TaskEmbeddings& before,
                   const Tensor& known, Tensor& rows,
                   std::vector<int64_t>& updates, std::vector<bool>& is_new) {
  std::map<std::string, size_t> place;  // augmentation -> place among copies
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

// Tells the other processes now and then that the search goes on, so that they
// do not take this one for dead.
class KeepAlive {
 public:
  explicit KeepAlive(const Training& training)
      : collective_(training.executor.collective()),
        interval_(std::min(absl::Seconds(5),
                           training.request.group.operation_timeout / 4)) {}

  // In all processes: the value that the first one gives.
  bool Tell(bool goes_on) {
    if (collective_.size() == 1) return goes_on;
    Tensor word = at::full({1}, goes_on, at::kBool);
    collective_.Broadcast(word);
    last_ = RealClock().Now();
    return word.item<bool>();
  }
  void TellIfDue() {
    if (RealClock().Now() - last_ > interval_) Tell(true);
  }

 private:
  Collective& collective_;
  absl::Duration interval_;
  absl::Time last_ = RealClock().Now();
};

}  // namespace

NewRows InitEmbeddings(const TrainRequest& request, const EmbeddingIndex& index,
                       const Tensor& known, TrainState& state) {
  at::NoGradGuard no_grad;
  const TrainOptions& train = request.spec.train;
  EmbeddingTable& embeddings = state.embeddings;
  NewRows new_rows;
  new_rows.is_new.assign(static_cast<size_t>(embeddings.index.num_ids), true);
  new_rows.is_new[0] = false;  // the blank id
  if (train.new_rows == "match" && index.num_ids > 1) {
    new_rows.candidates = SpacedRows(known, train.match_candidates)
                              .to(state.model->device(), at::kFloat);
  }
  Tensor rows = at::zeros(embeddings.rows.sizes(), at::kFloat);
  if (train.new_rows != "zero" && index.num_ids > 1) {
    rows.copy_(
        known.narrow(0, 1, index.num_ids - 1).mean(0, true).expand_as(rows));
  }
  // Row 0 is blank for ARC, and that of every puzzle for Sudoku and mazes.
  rows[0].copy_(known[0]);
  for (const TaskEmbeddings& task : embeddings.index.tasks) {
    const TaskEmbeddings* before = index.Find(task.name);
    if (before == nullptr) continue;
    KeepKnownRows(task, *before, known, rows, embeddings.updates,
                  new_rows.is_new);
  }
  embeddings.rows.copy_(rows);
  return new_rows;
}

void MatchNewRows(const NewRows& rows, Training& training) {
  const TrainRequest& request = training.request;
  TrainState& state = training.state;
  KeepAlive keep_alive(training);
  if (training.executor.collective().rank() > 0) {
    while (keep_alive.Tell(true)) {
    }
    return;
  }
  // Without a time limit all rows are matched, so that the result is
  // reproducible.
  const double limit_s = request.spec.limits.end.IsInfinite()
                             ? std::numeric_limits<double>::infinity()
                             : request.spec.train.match_share *
                                   Seconds(request.spec.limits.end.Remaining());
  const absl::Time start = RealClock().Now();
  const auto took_s = [start] { return Seconds(RealClock().Now() - start); };
  const auto progress = [&](int done, int wanted) {
    keep_alive.TellIfDue();
    if (training.log == nullptr) return;
    training.log->Progress(
        absl::StrFormat("match  row %d/%d  %.1f rows/s  at most %.0f s", done,
                        wanted, done / std::max(took_s(), 1e-9), limit_s));
  };
  const EmbeddingInitSearch matcher = {*state.model,
                                       request.spec.train,
                                       *training.executor.workers(),
                                       state.batch.examples.sampler(),
                                       *request.dataset,
                                       state.embeddings.index};
  const int matched =
      matcher.Match(rows, limit_s, progress, state.embeddings.rows);
  if (training.log != nullptr) {
    training.log->EndProgress();
    training.log->Info(absl::StrFormat(
        "matched %d of %d embedding rows with %d of the checkpoint's in %.1f s",
        matched, state.embeddings.index.num_ids - 1, rows.candidates.size(0),
        took_s()));
  }
  keep_alive.Tell(false);
}

}  // namespace arctrm::internal
