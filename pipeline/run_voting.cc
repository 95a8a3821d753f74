// SPDX-License-Identifier: MIT
#include "pipeline/run_voting.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/files.h"
#include "base/status.h"
#include "base/stop.h"
#include "pipeline/train_progress.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"
#include "submission/score.h"
#include "submission/write.h"
#include "tta/predict.h"

namespace arctrm {
namespace {

constexpr char kSource[] = "run";
constexpr absl::Duration kSubmissionInterval = absl::Seconds(2);
constexpr absl::Duration kBallotsInterval = absl::Seconds(10);

class RunVoting {
 public:
  RunVoting(const RunInputs& inputs, const TimeBudget& budget,
            const MeasuredPlan& planned, Engine& engine,
            const RunOptions& options, RunJournal& journal, Ballots& ballots)
      : inputs_(inputs),
        budget_(budget),
        view_s_(ViewSeconds(planned.inputs.step_s, options.model,
                            options.train.batch)),
        engine_(engine),
        options_(options),
        journal_(journal),
        ballots_(ballots) {}

  absl::StatusOr<bool> Run(const std::string& checkpoint);

 private:
  std::string ScoreSoFar() const;
  absl::StatusOr<VoteResult> VoteWith(const std::string& checkpoint,
                                      const std::string& source);
  absl::Status VoteOnSnapshots(const std::string& checkpoint);

  const RunInputs& inputs_;
  const TimeBudget& budget_;
  const double view_s_;  // expected of one view; 0: unknown
  Engine& engine_;
  const RunOptions& options_;
  RunJournal& journal_;
  Ballots& ballots_;
};

std::string RunVoting::ScoreSoFar() const {
  if (inputs_.solutions.empty() || ballots_.num_votes() == 0) return "";
  const absl::StatusOr<ScoreTable> score =
      Score(ChooseAttempts(ballots_, inputs_.challenges), inputs_.solutions);
  if (!score.ok()) return "";
  int solved = 0;
  for (const OutputScore& output : score->outputs) solved += output.solved();
  return absl::StrFormat("  solved %d of %d", solved, score->outputs.size());
}

// Votes of one checkpoint until the deadline.
absl::StatusOr<VoteResult> RunVoting::VoteWith(const std::string& checkpoint,
                                               const std::string& source) {
  // Workers that die are started anew so often.
  constexpr int kMostStarts = 3;
  VoteOptions vote;
  vote.max_views = options_.planning.max_views;
  // What one model's votes decide another's may change.
  vote.stop_decided =
      options_.planning.stop_decided && options_.planning.snapshots == 0;
  vote.source = source;
  vote.untrained_rows = !options_.checkpoint.empty();
  vote.expected_view_s = view_s_;
  vote.limits = budget_.Voting();
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(checkpoint));
  absl::Time last_submission = RealClock().Now();
  absl::Time last_ballots = last_submission;
  std::string score = ScoreSoFar();
  const auto on_batch = [&](const VoteProgress& p) {
    const absl::Time now = RealClock().Now();
    const bool last = p.views_done >= p.views_planned;
    if (now - last_submission >= kSubmissionInterval || last) {
      // The one before stands, and the last one decides.
      journal_.Keep(SaveSubmission(ballots_, inputs_, options_));
      last_submission = now;
      score = ScoreSoFar();
    }
    if (now - last_ballots >= kBallotsInterval) {
      journal_.Keep(ballots_.Write(journal_.folder().ballots_path()));
      last_ballots = now;
    }
    journal_.log().Progress(absl::StrFormat(
        "vote   %d/%d views  %.1f views/s%s%s", p.views_done, p.views_planned,
        p.views_per_s, score, TimeLeftField(budget_.end())));
    return true;
  };
  VoteResult result;
  for (int start = 0; start < kMostStarts; ++start) {
    absl::StatusOr<std::vector<std::unique_ptr<Predictor>>> loaded =
        engine_.LoadPredictors(checkpoint, options_.ToPredictorOptions(),
                               vote.limits.end);
    journal_.TakeWarnings(engine_);
    ARCTRM_RETURN_IF_ERROR(loaded.status());
    std::vector<Predictor*> predictors;
    for (const auto& predictor : *loaded) predictors.push_back(predictor.get());
    ARCTRM_ASSIGN_OR_RETURN(
        result, PredictVotes(predictors, info.ids, inputs_.challenges, vote,
                             on_batch, ballots_));
    journal_.log().EndProgress();
    for (const std::string& line : result.out_of_memory) {
      journal_.Warn(
          absl::StrCat("voting: ", line, "; it went on with half the batch"));
    }
    for (const std::string& line : result.lost) {
      journal_.Warn(absl::StrCat("voting: ", line));
    }
    const bool all_lost = result.lost.size() == predictors.size();
    if (result.complete || !all_lost || vote.limits.end.Passed() ||
        StopSignal() != 0) {
      break;
    }
  }
  journal_.Keep(ballots_.Write(journal_.folder().ballots_path()));
  return result;
}

// The latest first; what no time is left for is left.
absl::Status RunVoting::VoteOnSnapshots(const std::string& checkpoint) {
  for (int number = options_.planning.snapshots; number >= 1; --number) {
    const std::string dir = SnapshotDir(checkpoint, number);
    if (!IsDirectory(dir)) continue;  // the training ended before it
    const absl::Status whole = ReadCheckpointInfo(dir).status();
    if (!whole.ok()) {
      journal_.Warn(absl::StrCat("a snapshot can't vote: ", whole.message()));
      continue;
    }
    if (StopSignal() != 0 || !budget_.WorthVoting(engine_.StartSeconds())) {
      break;
    }
    const std::string source = absl::StrCat("snapshot-", number);
    ARCTRM_ASSIGN_OR_RETURN(const VoteResult result, VoteWith(dir, source));
    const std::string line =
        absl::StrFormat("%d of %d views", result.progress.views_done,
                        result.progress.views_planned);
    journal_.log().Info(absl::StrCat(source, " voted: ", line));
    journal_.Section("Plan").emplace_back(source, line);
    if (!result.complete) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> RunVoting::Run(const std::string& checkpoint) {
  const double started = journal_.ElapsedS();
  std::string best = journal_.folder().best_dir();
  if (!HasCheckpoint(best) && !options_.spare.empty()) {
    best = SpareBest(JoinPath(options_.spare, "checkpoint"));
  }
  const absl::StatusOr<VoteResult> voted =
      VoteWith(HasCheckpoint(best) ? best : checkpoint, kSource);
  ARCTRM_RETURN_IF_ERROR(journal_.DowngradeToWarning(voted.status(), "voting"));
  if (!voted.ok()) return false;
  const VoteResult& result = *voted;
  journal_.record().voting_done = result.complete;
  if (result.complete) {
    ARCTRM_RETURN_IF_ERROR(
        journal_.DowngradeToWarning(VoteOnSnapshots(checkpoint), "snapshots"));
  }
  const bool stopped = StopSignal() != 0;
  for (const auto& [task, index] : result.too_large) {
    journal_.Warn(absl::StrCat(task, "[", index,
                               "]: the test input does not fit the canvas"));
  }
  const int64_t skipped = result.progress.views_skipped;
  journal_.log().Info(absl::StrFormat(
      "voted: %d of %d views, %d votes count (%.1f views/s)%s",
      result.progress.views_done, result.progress.views_planned,
      ballots_.num_votes(), result.progress.views_per_s,
      skipped > 0 ? absl::StrCat(", ", skipped,
                                 " left out that could change no attempt")
                  : ""));
  journal_.AddTiming("voting", journal_.ElapsedS() - started);
  journal_.Section("Plan").emplace_back(
      "voted", absl::StrFormat(
                   "%d of %d views, %.1f views/s", result.progress.views_done,
                   result.progress.views_planned, result.progress.views_per_s));
  return stopped;
}

}  // namespace

absl::Status SaveSubmission(const Ballots& ballots, const RunInputs& inputs,
                            const RunOptions& options) {
  Submission chosen = ChooseAttempts(ballots, inputs.challenges);
  for (auto& [id, outputs] : chosen) {
    const auto standing = options.standing.find(id);
    if (standing == options.standing.end()) continue;
    for (size_t i = 0; i < outputs.size() && i < standing->second.size(); ++i) {
      if (ballots.num_votes(id, static_cast<int>(i)) == 0) {
        outputs[i] = standing->second[i];
      }
    }
  }
  return WriteSubmission(chosen, inputs.challenges, options.out,
                         /*again=*/true);
}

absl::StatusOr<bool> VoteOnTests(const std::string& checkpoint,
                                 const RunInputs& inputs,
                                 const TimeBudget& budget,
                                 const MeasuredPlan& planned, Engine& engine,
                                 const RunOptions& options, RunJournal& journal,
                                 Ballots& ballots) {
  return RunVoting(inputs, budget, planned, engine, options, journal, ballots)
      .Run(checkpoint);
}

}  // namespace arctrm
