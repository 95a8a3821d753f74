// SPDX-License-Identifier: MIT
// Every test input under its augmentations until the deadline.
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
  // Views per test input at most, the identity included; 0: all that have a
  // trained row.
  int max_views = 0;
  // Only rows with at least this many updates vote: an untrained row answers
  // nothing. 0 lets every row vote.
  int64_t min_updates = 1;
  // A task without any such row votes with its first one all the same: new rows
  // that start from trained weights (train.embedding_init) answer better than
  // nothing.
  bool untrained_rows = false;
  // No more views for a test input whose two attempts none of its remaining
  // views can change, whatever they answer. Its candidates then have fewer
  // votes than they could, which counts when ballots are merged with others or
  // another model votes afterwards.
  bool stop_decided = false;
  // Name of the model in the ballots.
  std::string source = "run";
  // A batch that a predictor of this process still runs at limits.abort is
  // given up, as it is when a signal comes.
  StageLimits limits;
  // What a view is expected to take, in seconds; 0: unknown. Decides how large
  // the first batch is when little time is left.
  double expected_view_s = 0;
};

struct VoteProgress {
  int64_t views_done = 0;     // skipped ones too
  int64_t views_skipped = 0;  // as stop_decided says
  int64_t views_planned = 0;
  // Of this call, skipped views not counted.
  double views_per_s = 0;
};

struct VoteResult {
  VoteProgress progress;
  // False when the deadline, a stop signal or the callback ended it early.
  bool complete = false;
  // Test inputs with no view at all (task unknown to the checkpoint, or none of
  // its rows trained).
  std::vector<TestInputKey> without_views;
  // Test inputs larger than the predictor's canvas.
  std::vector<TestInputKey> too_large;
  // Why predictors dropped out, one line for each that did.
  std::vector<std::string> lost;
  // What was said where memory ran out; smaller batches followed.
  std::vector<std::string> out_of_memory;
};

// Each task stands on the canvas that the predictor's canvas_step() gives it.
//
// A predictor whose memory runs out (IsOutOfMemory) over several views gets
// batches of half as many tokens from there on; over one, its error ends all.
//
// Adds votes to `ballots`. The list of views is fixed by (challenges, ids,
// options, canvases) alone and cut in batches: first the identity of every test
// input, then view 1 of every one …, so partial votes are usable at any moment;
// within each of these rounds from small canvases to large ones. A batch all of
// whose views `ballots` already has is skipped, never recomposed, so a resumed
// run repeats the same batches and the same bytes. With stop_decided a batch
// loses, when its turn comes, the views that have voted or are needless: a
// resumed run asks only for what is missing, and gives the same attempts as
// long as a view's answer doesn't depend on its batch.
//
// `on_batch` is called after each batch that was predicted (write the partial
// submission there), never twice at once; false stops, as do StopSignal() and
// the deadline: a batch is begun only if there is as much time left as it will
// take by what the predictor's one before it took.
//
// Several predictors (at least one, of one model) take batches from one queue,
// each on a thread of its own, so that none waits for a slower one; batches
// have the tokens that the smallest max_batch() allows. One that answers
// Unavailable drops out: its batch goes back to the queue for the others. With
// none left, what was voted stands and `complete` is false. Any other error
// ends the call with it.
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
