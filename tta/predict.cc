// SPDX-License-Identifier: MIT
#include "tta/predict.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "augment/canvas.h"
#include "base/status.h"
#include "base/stop.h"

namespace arctrm {
namespace {

struct View {
  const Task* task;
  int test_index;
  const Augmentation* augmentation;
  int64_t puzzle_id;
};

// The copies of a task that may vote, best known first: as planned.
struct Rows {
  const Task* task;
  std::vector<std::pair<const Augmentation*, int64_t>> rows;
};

absl::StatusOr<std::vector<View>> PlanViews(const PuzzleIds& ids,
                                            const ChallengeSet& challenges,
                                            Canvas canvas,
                                            const VoteOptions& options,
                                            VoteResult& result) {
  std::map<absl::string_view, const PuzzleTask*> by_name;
  for (const PuzzleTask& task : ids.tasks) by_name.emplace(task.name, &task);

  std::vector<Rows> tasks;
  size_t rounds = 0;
  for (const Task& task : challenges.tasks) {
    Rows rows{&task, {}};
    const auto found = by_name.find(task.id);
    if (found != by_name.end()) {
      const PuzzleTask& known = *found->second;
      const auto copies = static_cast<int64_t>(known.copies.size());
      if (known.updates.size() != known.copies.size() || known.first_id < 1 ||
          known.first_id + copies > ids.num_ids) {
        return absl::InvalidArgumentError(absl::StrCat(
            "puzzle ids of task ", task.id, ": ", copies, " copies from row ",
            known.first_id, " with ", known.updates.size(),
            " update counts don't fit a table of ", ids.num_ids,
            " rows; the checkpoint's ids are damaged"));
      }
      for (int64_t i = 0; i < copies; ++i) {
        const auto at = static_cast<size_t>(i);
        if (known.updates[at] < options.min_updates) continue;
        if (options.max_views > 0 &&
            rows.rows.size() >= static_cast<size_t>(options.max_views)) {
          break;
        }
        rows.rows.emplace_back(&known.copies[at], known.first_id + i);
      }
    }
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      const TestInputKey key(task.id, static_cast<int>(i));
      if (rows.rows.empty()) result.without_views.push_back(key);
      if (task.test_inputs[i].max_side() > canvas.side) {
        result.too_large.push_back(key);
      }
    }
    rounds = std::max(rounds, rows.rows.size());
    tasks.push_back(std::move(rows));
  }

  std::vector<View> views;
  for (size_t round = 0; round < rounds; ++round) {
    for (const Rows& rows : tasks) {
      if (round >= rows.rows.size()) continue;
      const auto& [augmentation, puzzle_id] = rows.rows[round];
      for (size_t i = 0; i < rows.task->test_inputs.size(); ++i) {
        if (rows.task->test_inputs[i].max_side() > canvas.side) continue;
        views.push_back(
            {rows.task, static_cast<int>(i), augmentation, puzzle_id});
      }
    }
  }
  return views;
}

float Sigmoid(float logit) {
  return static_cast<float>(1 / (1 + std::exp(-static_cast<double>(logit))));
}

absl::Status PredictBatch(Predictor& predictor, absl::Span<const View> batch,
                          const std::string& source, Ballots& ballots) {
  const Canvas canvas = predictor.canvas();
  const auto num_tokens = static_cast<size_t>(canvas.num_tokens());
  std::vector<PredictorInput> inputs(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    const View& view = batch[i];
    const Grid& grid =
        view.task->test_inputs[static_cast<size_t>(view.test_index)];
    inputs[i].tokens.resize(num_tokens);
    inputs[i].puzzle_id = view.puzzle_id;
    EncodeGrid(view.augmentation->Apply(grid), canvas, Offset(),
               inputs[i].tokens.data());
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::vector<PredictorOutput> outputs,
                          predictor.Predict(inputs));
  if (outputs.size() != batch.size()) {
    return absl::InternalError(absl::StrCat("the predictor gave ",
                                            outputs.size(), " answers to ",
                                            batch.size(), " inputs"));
  }
  for (const PredictorOutput& output : outputs) {
    if (output.tokens.size() != num_tokens) {
      return absl::InternalError(
          absl::StrCat("the predictor gave ", output.tokens.size(),
                       " tokens, the canvas has ", num_tokens));
    }
  }
  for (size_t i = 0; i < batch.size(); ++i) {
    const View& view = batch[i];
    Vote vote;
    vote.grid = view.augmentation->Invert(CropGrid(outputs[i].tokens, canvas));
    vote.confidence = Sigmoid(outputs[i].halt_logit);
    vote.augmentation = view.augmentation->Key();
    vote.source = source;
    ballots.Add(view.task->id, view.test_index, std::move(vote));
  }
  return absl::OkStatus();
}

// On the deadline's clock where there is one, so that tests need not sleep.
class Stopwatch {
 public:
  explicit Stopwatch(const Deadline& deadline)
      : deadline_(deadline), start_(Now()) {}
  absl::Duration Elapsed() const { return Now() - start_; }

 private:
  absl::Duration Now() const {
    if (deadline_.IsInfinite()) return RealClock().Now() - absl::UnixEpoch();
    return -deadline_.Remaining();
  }
  const Deadline& deadline_;
  const absl::Duration start_;
};

}  // namespace

absl::StatusOr<VoteResult> PredictVotes(
    Predictor& predictor, const PuzzleIds& ids, const ChallengeSet& challenges,
    const VoteOptions& options,
    const std::function<bool(const VoteProgress&)>& on_batch,
    Ballots& ballots) {
  if (options.max_views < 0 || options.min_updates < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_views ", options.max_views, " and min_updates ",
                     options.min_updates, " must not be negative"));
  }
  ARCTRM_CHECK(predictor.max_batch() > 0);
  VoteResult result;
  ARCTRM_ASSIGN_OR_RETURN(
      const std::vector<View> views,
      PlanViews(ids, challenges, predictor.canvas(), options, result));
  VoteProgress& progress = result.progress;
  progress.views_planned = static_cast<int64_t>(views.size());

  const Stopwatch watch(options.deadline);
  absl::Duration last_batch = absl::ZeroDuration();
  int64_t predicted = 0;
  const auto batch_size = static_cast<size_t>(predictor.max_batch());
  for (size_t begin = 0; begin < views.size(); begin += batch_size) {
    const absl::Span<const View> batch(
        &views[begin], std::min(batch_size, views.size() - begin));
    const bool done =
        std::all_of(batch.begin(), batch.end(), [&](const View& view) {
          return ballots.Has(view.task->id, view.test_index, options.source,
                             view.augmentation->Key());
        });
    const auto count = static_cast<int64_t>(batch.size());
    if (done) {
      progress.views_done += count;
      continue;
    }
    // A limit is never overrun, so a batch that would not fit is not begun.
    if (StopSignal() != 0 || options.deadline.Passed() ||
        options.deadline.Remaining() < last_batch) {
      return result;
    }
    const Stopwatch batch_watch(options.deadline);
    ARCTRM_RETURN_IF_ERROR(
        PredictBatch(predictor, batch, options.source, ballots));
    last_batch = batch_watch.Elapsed();
    progress.views_done += count;
    predicted += count;
    const double elapsed_s = absl::ToDoubleSeconds(watch.Elapsed());
    progress.views_per_s =
        elapsed_s > 0 ? static_cast<double>(predicted) / elapsed_s : 0;
    const bool last = begin + batch_size >= views.size();
    if (on_batch && !on_batch(progress) && !last) return result;
  }
  result.complete = true;
  return result;
}

}  // namespace arctrm
