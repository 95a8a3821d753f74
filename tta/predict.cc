// SPDX-License-Identifier: MIT
#include "tta/predict.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "augment/canvas.h"
#include "augment/dihedral.h"
#include "augment/task_window.h"
#include "base/exceptions.h"
#include "base/interrupt.h"
#include "base/out_of_memory.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/thread_group.h"
#include "base/watchdog.h"

namespace arctrm {
namespace {

struct View {
  const Task* task;
  int test_index;
  const Augmentation* augmentation;
  int64_t embedding_id;
  GridSize size;  // of its window
};

// A task with the augmentations that vote, in the order of the dataset.
struct VotingTask {
  struct Voter {
    const Augmentation* augmentation;
    int64_t embedding_id;
  };
  const Task* task;
  GridSize size;  // window of the task without augmentation
  std::vector<Voter> voters = {};
};

absl::Status SelectVoters(const TaskEmbeddings& known, int64_t num_ids,
                          const VoteOptions& options, VotingTask& task) {
  const auto augmentations = static_cast<int64_t>(known.augmentations.size());
  if (known.updates.size() != known.augmentations.size() ||
      known.first_id < 1 || known.first_id + augmentations > num_ids) {
    return absl::InvalidArgumentError(absl::StrCat(
        "embedding rows of task ", task.task->id, ": ", augmentations,
        " augmentations from row ", known.first_id, " with ",
        known.updates.size(), " update counts do not fit a table of ", num_ids,
        " rows; the checkpoint's ids are damaged"));
  }
  for (int64_t i = 0; i < augmentations; ++i) {
    const auto at = static_cast<size_t>(i);
    if (known.updates[at] < options.min_updates) continue;
    if (options.max_views > 0 &&
        task.voters.size() >= static_cast<size_t>(options.max_views)) {
      break;
    }
    task.voters.push_back({&known.augmentations[at], known.first_id + i});
  }
  if (task.voters.empty() && options.untrained_rows && augmentations > 0) {
    task.voters.push_back({&known.augmentations[0], known.first_id});
  }
  return absl::OkStatus();
}

// The views of some rounds.
class Block {
 public:
  // Adds the views of voter `round` of every task.
  void AddRound(const std::vector<VotingTask>& tasks, size_t round,
                Canvas canvas) {
    for (const VotingTask& task : tasks) {
      if (round >= task.voters.size()) continue;
      const auto& [augmentation, embedding_id] = task.voters[round];
      const GridSize size = Transposes(augmentation->dihedral)
                                ? task.size.Transposed()
                                : task.size;
      for (size_t i = 0; i < task.task->test_inputs.size(); ++i) {
        if (task.task->test_inputs[i].max_side() > canvas.side) continue;
        views_.push_back(
            {task.task, static_cast<int>(i), augmentation, embedding_id, size});
        sizes_.insert(size);
        tokens_ += size.cells();
      }
    }
  }

  // Do the size buckets have `full_bucket` tokens on average?
  bool FillsBuckets(int64_t full_bucket) const {
    return tokens_ >= static_cast<int64_t>(sizes_.size()) * full_bucket;
  }

  // Groups the views by size, small ones first.
  std::vector<View> Sorted() && {
    std::stable_sort(views_.begin(), views_.end(),
                     [](const View& a, const View& b) {
                       return std::pair(a.size.cells(), a.size) <
                              std::pair(b.size.cells(), b.size);
                     });
    return std::move(views_);
  }

 private:
  std::vector<View> views_;
  std::set<GridSize> sizes_;
  int64_t tokens_ = 0;
};

// The rounds in blocks. A block grows until its size buckets are full, but has
// at most one round more than all blocks before it.
std::vector<View> ListViews(const std::vector<VotingTask>& tasks, Canvas canvas,
                            int64_t full_bucket, bool stop_decided) {
  size_t rounds = 0;
  for (const VotingTask& task : tasks) {
    rounds = std::max(rounds, task.voters.size());
  }
  // Decided test inputs are recognised between batches. A block that is a large
  // part of all rounds would leave few views to skip.
  const size_t largest =
      stop_decided ? std::max<size_t>(1, rounds / 8) : rounds;
  std::vector<View> views;
  for (size_t round = 0; round < rounds;) {
    const size_t end = std::min(rounds, round + std::min(round + 1, largest));
    Block block;
    do {
      block.AddRound(tasks, round++, canvas);
    } while (round < end && !block.FillsBuckets(full_bucket));
    const std::vector<View> sorted = std::move(block).Sorted();
    views.insert(views.end(), sorted.begin(), sorted.end());
  }
  return views;
}

absl::StatusOr<std::vector<View>> PlanViews(const EmbeddingIndex& ids,
                                            const ChallengeSet& challenges,
                                            const Predictor& predictor,
                                            int64_t full_bucket,
                                            const VoteOptions& options,
                                            VoteResult& result) {
  const Canvas canvas = predictor.canvas();
  const int canvas_step = predictor.canvas_step();
  std::map<absl::string_view, const TaskEmbeddings*> by_name;
  for (const TaskEmbeddings& task : ids.tasks) {
    by_name.emplace(task.name, &task);
  }
  std::vector<VotingTask> tasks;
  for (const Task& task : challenges.tasks) {
    VotingTask voting{&task,
                      canvas_step > 0
                          ? TaskWindow(task.demonstrations, task.test_inputs,
                                       canvas.side, canvas_step)
                          : canvas.size()};
    const auto found = by_name.find(task.id);
    if (found != by_name.end()) {
      ARCTRM_RETURN_IF_ERROR(
          SelectVoters(*found->second, ids.num_ids, options, voting));
    }
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      const TestInputKey key(task.id, static_cast<int>(i));
      if (voting.voters.empty()) result.without_views.push_back(key);
      if (task.test_inputs[i].max_side() > canvas.side) {
        result.too_large.push_back(key);
      }
    }
    tasks.push_back(std::move(voting));
  }
  return ListViews(tasks, canvas, full_bucket, options.stop_decided);
}

float Sigmoid(float logit) {
  return static_cast<float>(1 / (1 + std::exp(-static_cast<double>(logit))));
}

absl::StatusOr<std::vector<Vote>> PredictBatch(Predictor& predictor,
                                               absl::Span<const View> batch,
                                               const std::string& source) {
  std::vector<PredictorInput> inputs(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    const View& view = batch[i];
    const Grid& grid =
        view.task->test_inputs[static_cast<size_t>(view.test_index)];
    inputs[i].tokens.resize(static_cast<size_t>(view.size.cells()));
    inputs[i].embedding_id = view.embedding_id;
    inputs[i].cols = view.size.cols;
    EncodeGrid(view.augmentation->Apply(grid), view.size, Offset(),
               inputs[i].tokens.data());
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::vector<PredictorOutput> outputs,
                          predictor.Predict(inputs));
  if (outputs.size() != batch.size()) {
    return absl::InternalError(absl::StrCat("the predictor gave ",
                                            outputs.size(), " answers to ",
                                            batch.size(), " inputs"));
  }
  std::vector<Vote> votes(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    const PredictorOutput& output = outputs[i];
    const size_t tokens = inputs[i].tokens.size();
    if (output.tokens.size() != tokens ||
        (!output.second.empty() && output.second.size() != tokens)) {
      return absl::InternalError(absl::StrCat(
          "the predictor gave ", output.tokens.size(), " and ",
          output.second.size(), " tokens, but the canvas has ", tokens));
    }
    const Augmentation& augmentation = *batch[i].augmentation;
    const auto grid_of = [&](const std::vector<uint8_t>& answer) {
      return augmentation.Invert(CropGrid(answer, batch[i].size));
    };
    votes[i].grid = grid_of(output.tokens);
    if (!output.second.empty()) votes[i].second = grid_of(output.second);
    if (votes[i].second == votes[i].grid) votes[i].second = Grid();
    votes[i].confidence = Sigmoid(output.halt_logit);
    votes[i].augmentation = augmentation.Key();
    votes[i].source = source;
  }
  return votes;
}

// Uses the clock of the deadline, if there is one, so that tests need not
// sleep.
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

// Estimates the time of the next batch of a predictor from its last one.
class BatchTimeEstimator {
 public:
  bool known() const { return work_ > 0; }
  void Took(absl::Duration time, absl::Span<const View> batch) {
    time_ = time;
    work_ = WorkOf(batch);
  }
  // Returns at least the time of the last batch.
  absl::Duration Expect(absl::Span<const View> batch) const {
    if (work_ == 0) return absl::ZeroDuration();
    return time_ * std::max(1.0, WorkOf(batch) / work_);
  }

 private:
  // Work in arbitrary units: the tokens, including those before the cells, plus
  // a quadratic part for attention that equals the rest at 400 tokens, a high
  // estimate for the published width.
  static double WorkOf(absl::Span<const View> batch) {
    constexpr double kPrefix = 16;
    constexpr double kAttentionEven = 400;
    double work = 0;
    for (const View& view : batch) {
      const double tokens = view.size.cells() + kPrefix;
      work += tokens * (1 + tokens / kAttentionEven);
    }
    return work;
  }

  absl::Duration time_;
  double work_ = 0;
};

int64_t TokensOf(absl::Span<const View> batch) {
  int64_t tokens = 0;
  for (const View& view : batch) tokens += view.size.cells();
  return tokens;
}

// The number of first `views` with at most `most_tokens` together, at least 1.
size_t FittingViews(absl::Span<const View> views, int64_t most_tokens) {
  size_t size = 0;
  int64_t tokens = 0;
  while (size < views.size()) {
    tokens += views[size].size.cells();
    if (size > 0 && tokens > most_tokens) break;
    ++size;
  }
  return size;
}

// The remaining batches and their results. One thread per predictor calls
// Work().
class VoteQueue {
 public:
  // Batches have at most `most_tokens` tokens unless a single view has more.
  VoteQueue(absl::Span<const View> views, int64_t most_tokens,
            const VoteOptions& options,
            const std::function<bool(const VoteProgress&)>& on_batch,
            Ballots& ballots, VoteResult& result)
      : options_(options),
        on_batch_(on_batch),
        ballots_(ballots),
        result_(result),
        watch_(options.limits.end) {
    for (size_t begin = 0; begin < views.size();) {
      const size_t size = FittingViews(views.subspan(begin), most_tokens);
      const absl::Span<const View> batch = views.subspan(begin, size);
      bool voted = true;
      for (const View& view : batch) {
        if (HasVoted(view)) continue;
        voted = false;
        ++inputs_[KeyOf(view)].remaining;
      }
      if (voted) {
        result.progress.views_done += static_cast<int64_t>(batch.size());
      } else {
        waiting_.push_back(batch);
      }
      begin += size;
    }
  }

  // Predicts batches until none is left or a reason to stop occurs.
  void Work(Predictor& predictor) {
    BatchTimeEstimator estimator;
    int64_t most_tokens = std::numeric_limits<int64_t>::max();
    std::unique_lock<std::mutex> lock(mutex_);
    std::vector<View> batch;
    while (Take(estimator, most_tokens, lock, batch)) {
      ++running_;
      lock.unlock();
      const Stopwatch batch_watch(options_.limits.end);
      absl::StatusOr<std::vector<Vote>> votes;
      {
        const InterruptScope interruptible(options_.limits.abort);
        votes = CatchExceptions("predicting", [&] {
          return PredictBatch(predictor, batch, options_.source);
        });
      }
      estimator.Took(batch_watch.Elapsed(), batch);
      std::vector<std::string> warnings = predictor.TakeWarnings();
      lock.lock();
      result_.warnings.insert(result_.warnings.end(), warnings.begin(),
                              warnings.end());
      --running_;
      changed_.notify_all();
      if (absl::IsCancelled(votes.status())) {
        returned_.push_front(std::move(batch));
        stop_ = true;
        return;
      }
      if (absl::IsUnavailable(votes.status())) {
        returned_.push_front(std::move(batch));
        result_.lost.emplace_back(votes.status().message());
        return;
      }
      if (IsOutOfMemory(votes.status()) && batch.size() > 1) {
        most_tokens = TokensOf(batch) / 2;
        returned_.push_front(std::move(batch));
        result_.out_of_memory.emplace_back(votes.status().message());
        continue;
      }
      if (!votes.ok()) {
        if (status_.ok()) status_ = votes.status();
        stop_ = true;
        return;
      }
      Count(batch, *std::move(votes));
    }
  }

  // Call after all threads have returned from Work().
  absl::Status Finish() {
    result_.complete = Empty();
    return status_;
  }

 private:
  struct TestInput {
    int64_t remaining = 0;  // views without a vote
    bool decided = false;
    // With more remaining views the test input cannot be decided.
    int64_t look_at = std::numeric_limits<int64_t>::max();
  };

  static TestInputKey KeyOf(const View& view) {
    return {view.task->id, view.test_index};
  }
  bool HasVoted(const View& view) const {
    return ballots_.Has(view.task->id, view.test_index, options_.source,
                        view.augmentation->Key());
  }
  bool Empty() const { return waiting_.empty() && returned_.empty(); }

  // Takes the next batch, or a part with at most `most_tokens`. False if this
  // thread is done.
  bool Take(const BatchTimeEstimator& estimator, int64_t most_tokens,
            std::unique_lock<std::mutex>& lock, std::vector<View>& batch) {
    for (;;) {
      // A batch in progress may be returned to the queue.
      changed_.wait(lock,
                    [this] { return stop_ || !Empty() || running_ == 0; });
      if (StopSignal() != 0) AcknowledgeStop();
      if (stop_ || Empty() || StopSignal() != 0 ||
          options_.limits.end.Passed()) {
        return false;
      }
      if (!returned_.empty()) {
        batch = std::move(returned_.front());
        returned_.pop_front();
      } else {
        batch.assign(waiting_.front().begin(), waiting_.front().end());
        waiting_.pop_front();
      }
      if (options_.stop_decided) DropNeedless(batch);
      if (batch.empty()) continue;
      const size_t fitting = std::min(FittingViews(batch, most_tokens),
                                      FirstViews(estimator, batch));
      if (fitting < batch.size()) {
        const auto rest = batch.begin() + static_cast<int64_t>(fitting);
        returned_.emplace_front(rest, batch.end());
        batch.erase(rest, batch.end());
      }
      // Do not begin a batch that would exceed the time limit.
      if (!batch.empty() &&
          options_.limits.end.Remaining() >= estimator.Expect(batch)) {
        return true;
      }
      if (!batch.empty()) returned_.push_front(std::move(batch));
      return false;
    }
  }

  // The size of a predictor's first batch, whose time is only estimated: the
  // views that fit into FirstBatchS(), at least 1, but 0 if even one would not
  // fit into the whole remaining time.
  size_t FirstViews(const BatchTimeEstimator& estimator,
                    absl::Span<const View> batch) const {
    if (estimator.known() || options_.expected_view_s <= 0 ||
        options_.limits.end.IsInfinite()) {
      return batch.size();
    }
    const double left_s =
        absl::ToDoubleSeconds(options_.limits.end.Remaining());
    if (left_s < options_.expected_view_s) return 0;
    return static_cast<size_t>(
        std::clamp(FirstBatchS(left_s) / options_.expected_view_s, 1.0,
                   static_cast<double>(batch.size())));
  }

  // Removes views of decided test inputs, and views that have voted, since
  // IsDecided() assumes that votes are never replaced.
  void DropNeedless(std::vector<View>& batch) {
    VoteProgress& progress = result_.progress;
    const auto needless = [&](const View& view) {
      const bool voted = HasVoted(view);
      if (!voted && !IsDecided(KeyOf(view))) return false;
      ++progress.views_done;
      if (!voted) ++progress.views_skipped;
      return true;
    };
    batch.erase(std::remove_if(batch.begin(), batch.end(), needless),
                batch.end());
  }

  // Would both attempts stay the same if all remaining votes went to one
  // candidate, known or new?
  bool IsDecided(const TestInputKey& key) {
    // Tolerance for rounding in sums of weights.
    constexpr double kRounding = 1e-9;
    TestInput& input = inputs_[key];
    if (input.decided || input.remaining > input.look_at) return input.decided;
    const std::vector<Candidate> ranked = ballots_.Rank(key.first, key.second);
    const auto votes = [&](size_t place) {
      return place < ranked.size() ? ranked[place].votes : 0;
    };
    const double lead = std::min(votes(0) - votes(1), votes(1) - votes(2)) -
                        static_cast<double>(input.remaining);
    input.decided = lead > kRounding * votes(0);
    // Each vote increases the lead by at most 2: by its own weight and because
    // one less remains.
    input.look_at =
        input.remaining - std::max<int64_t>(1, std::llround(-lead / 2));
    return input.decided;
  }

  void Count(absl::Span<const View> batch, std::vector<Vote> votes) {
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!HasVoted(batch[i])) --inputs_[KeyOf(batch[i])].remaining;
      ballots_.Add(batch[i].task->id, batch[i].test_index, std::move(votes[i]));
    }
    VoteProgress& progress = result_.progress;
    progress.views_done += static_cast<int64_t>(batch.size());
    predicted_ += static_cast<int64_t>(batch.size());
    const double elapsed_s = absl::ToDoubleSeconds(watch_.Elapsed());
    progress.views_per_s =
        elapsed_s > 0 ? static_cast<double>(predicted_) / elapsed_s : 0;
    if (on_batch_ && !on_batch_(progress)) stop_ = true;
  }

  const VoteOptions& options_;
  const std::function<bool(const VoteProgress&)>& on_batch_;
  Ballots& ballots_;    // guarded by mutex_
  VoteResult& result_;  // guarded by mutex_
  const Stopwatch watch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // The following members are guarded by mutex_.
  std::deque<absl::Span<const View>> waiting_;
  // Batches from predictors that dropped out, and parts that were too long.
  std::deque<std::vector<View>> returned_;
  std::map<TestInputKey, TestInput> inputs_;
  int running_ = 0;  // batches being predicted
  int64_t predicted_ = 0;
  bool stop_ = false;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<VoteResult> PredictVotes(
    absl::Span<Predictor* const> predictors, const EmbeddingIndex& ids,
    const ChallengeSet& challenges, const VoteOptions& options,
    const std::function<bool(const VoteProgress&)>& on_batch,
    Ballots& ballots) {
  if (options.max_views < 0 || options.min_updates < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_views ", options.max_views, " and min_updates ",
                     options.min_updates, " must not be negative"));
  }
  ARCTRM_CHECK(!predictors.empty());
  int batch_size = predictors[0]->max_batch();
  int64_t full_bucket = 0;
  for (const Predictor* predictor : predictors) {
    ARCTRM_CHECK(predictor->max_batch() > 0 &&
                 predictor->canvas() == predictors[0]->canvas() &&
                 predictor->canvas_step() == predictors[0]->canvas_step());
    batch_size = std::min(batch_size, predictor->max_batch());
    full_bucket = std::max(full_bucket, predictor->full_bucket());
  }
  VoteResult result;
  ARCTRM_ASSIGN_OR_RETURN(
      const std::vector<View> views,
      PlanViews(ids, challenges, *predictors[0], full_bucket, options, result));
  result.progress.views_planned = static_cast<int64_t>(views.size());

  const int64_t most_tokens =
      int64_t{batch_size} * predictors[0]->canvas().num_tokens();
  VoteQueue queue(views, most_tokens, options, on_batch, ballots, result);
  ThreadGroup threads;
  for (Predictor* predictor : predictors.subspan(1)) {
    if (!threads.Start([&queue, predictor] { queue.Work(*predictor); })) break;
  }
  queue.Work(*predictors[0]);
  threads.Join();
  ARCTRM_RETURN_IF_ERROR(queue.Finish());
  return result;
}

absl::StatusOr<VoteResult> PredictVotes(
    Predictor& predictor, const EmbeddingIndex& ids,
    const ChallengeSet& challenges, const VoteOptions& options,
    const std::function<bool(const VoteProgress&)>& on_batch,
    Ballots& ballots) {
  Predictor* const one[] = {&predictor};
  return PredictVotes(one, ids, challenges, options, on_batch, ballots);
}

}  // namespace arctrm
