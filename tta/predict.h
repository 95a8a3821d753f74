// SPDX-License-Identifier: MIT
// Predicts the views of all test inputs until the deadline.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arc/task.h"
#include "base/time_budget.h"
#include "solver/embedding_index.h"
#include "solver/predictor.h"
#include "tta/ballots.h"

namespace arctrm {

struct VoteOptions {
  // Maximum number of views per test input, including the identity; 0 means all
  // with a trained embedding row.
  int max_views = 0;
  // Use only embedding rows with at least this many updates, since untrained
  // rows give no answers; 0 means all.
  int64_t min_updates = 1;
  // If no embedding row of a task has enough updates, use its first one.
  // Sensible if new rows start from trained ones.
  bool untrained_rows = false;
  // Skip the remaining views of a test input if they cannot change its two
  // attempts. Its candidates then have fewer votes, which matters if ballots
  // are merged or another model votes afterwards.
  bool stop_decided = false;
  // Name of the model in the ballots.
  std::string source = "run";
  // A batch that a predictor of this process still computes at limits.abort, or
  // when a stop signal arrives, is abandoned.
  StageLimits limits;
  // Expected seconds per view; 0 if unknown. Limits the first batch if little
  // time is left.
  double expected_view_s = 0;
};

struct VoteProgress {
  int64_t views_done = 0;     // includes skipped ones
  int64_t views_skipped = 0;  // because of stop_decided
  int64_t views_planned = 0;
  // In this call, without skipped views.
  double views_per_s = 0;
};

struct VoteResult {
  VoteProgress progress;
  // False if the deadline, a stop signal or the callback ended the call early.
  bool complete = false;
  // Test inputs without any view: the checkpoint does not know the task, or has
  // no trained embedding row for it.
  std::vector<TestInputKey> without_views;
  // Test inputs larger than the predictor's canvas.
  std::vector<TestInputKey> too_large;
  // One line for each predictor that dropped out, with the reason.
  std::vector<std::string> lost;
  // Messages of predictors that ran out of memory and got smaller batches.
  std::vector<std::string> out_of_memory;
  // Other warnings of predictors.
  std::vector<std::string> warnings;
};

// Predicts views and adds their votes to `ballots`. Each task uses the window
// that the predictor's canvas_step() gives it.
//
// The list of views depends only on (challenges, ids, options) and on canvases
// and full_bucket() of the predictors. A round has one view of every test
// input; the identity comes first. Rounds form blocks, and the views of a block
// are sorted by window size. The first block is one round, and each later one
// has at most one round more than all before it, so that partial votes are
// useful at any moment. Within this limit a block grows until its size buckets
// have full_bucket() tokens on average; with full_bucket() = 0 all blocks are
// single rounds. The list is cut into batches. A batch is skipped if `ballots`
// has all its views, and otherwise predicted as a whole, so a resumed run
// repeats the same batches and bytes. With stop_decided, views that have voted
// or are needless are removed from a batch before it is predicted: a resumed
// run predicts only missing views, and gives the same attempts if answers do
// not depend on the batch.
//
// `on_batch` is called after each predicted batch, by one thread at a time, for
// example to write a partial submission; returning false stops, as do
// StopSignal() and the deadline. A batch begins only if it is expected to end
// before the deadline, by the time of the predictor's last batch.
//
// Several predictors (at least one) of one model take batches from a shared
// queue, each on its own thread. Batches have the number of tokens that the
// smallest max_batch() allows. A predictor that returns Unavailable drops out,
// and its batch goes back to the queue; if none is left, the votes so far are
// kept and `complete` is false. A predictor that runs out of memory
// (IsOutOfMemory) with several views gets batches with half as many tokens from
// then on. Any other error, or running out of memory with one view, ends the
// call.
absl::StatusOr<VoteResult> PredictVotes(
    absl::Span<Predictor* const> predictors, const EmbeddingIndex& ids,
    const ChallengeSet& challenges, const VoteOptions& options,
    const std::function<bool(const VoteProgress&)>& on_batch, Ballots& ballots);

// With one predictor.
absl::StatusOr<VoteResult> PredictVotes(
    Predictor& predictor, const EmbeddingIndex& ids,
    const ChallengeSet& challenges, const VoteOptions& options,
    const std::function<bool(const VoteProgress&)>& on_batch, Ballots& ballots);

}  // namespace arctrm
