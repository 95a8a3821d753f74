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
  // "  solved 1 of 3"; "" while the score is unknown.
  std::string ScoreSoFar() const;
  VoteOptions MakeVoteOptions(const std::string& source) const;
  void BeginSaving();
  // Saves submission and ballots from time to time, and shows the progress.
  void SaveAndShow(const VoteProgress& progress);
  // Loads predictors and votes. `all_lost`: whether none of them is left.
  absl::StatusOr<VoteResult> VoteOnce(const std::string& checkpoint,
                                      const EmbeddingIndex& ids,
                                      const VoteOptions& vote, bool& all_lost);
  // Votes with one checkpoint until the deadline. Loads predictors again if all
  // of them are lost.
  absl::StatusOr<VoteResult> VoteWith(const std::string& checkpoint,
                                      const std::string& source);
  // Votes with the snapshots of `checkpoint`, the latest first, as time allows.
  absl::Status VoteWithSnapshots(const std::string& checkpoint);
  void Record(const VoteResult& result, double started);

  const RunInputs& inputs_;
  const TimeBudget& budget_;
  const double view_s_;  // expected seconds of a view; 0: unknown
  Engine& engine_;
  const RunOptions& options_;
  RunJournal& journal_;
  Ballots& ballots_;
  absl::Time last_submission_;
  absl::Time last_ballots_;
  std::string score_;  // of the last submission, for the progress line
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

VoteOptions RunVoting::MakeVoteOptions(const std::string& source) const {
  VoteOptions vote;
  vote.max_views = options_.planning.max_views;
  // The votes of a later model may change what those of one model decided.
  vote.stop_decided =
      options_.planning.stop_decided && options_.planning.snapshots == 0;
  vote.source = source;
  vote.untrained_rows = !options_.checkpoint.empty();
  vote.expected_view_s = view_s_;
  vote.limits = budget_.Voting();
  return vote;
}

void RunVoting::BeginSaving() {
  last_submission_ = RealClock().Now();
  last_ballots_ = last_submission_;
  score_ = ScoreSoFar();
}

void RunVoting::SaveAndShow(const VoteProgress& progress) {
  const absl::Time now = RealClock().Now();
  const bool last = progress.views_done >= progress.views_planned;
  if (now - last_submission_ >= kSubmissionInterval || last) {
    // After a failure the submission before stays valid; the one at the end of
    // the run must succeed.
    journal_.Keep(SaveSubmission(ballots_, inputs_, options_));
    last_submission_ = now;
    score_ = ScoreSoFar();
  }
  if (now - last_ballots_ >= kBallotsInterval) {
    journal_.Keep(ballots_.Write(journal_.folder().ballots_path()));
    last_ballots_ = now;
  }
  journal_.log().Progress(absl::StrFormat(
      "vote   %d/%d views  %.1f views/s%s%s", progress.views_done,
      progress.views_planned, progress.views_per_s, score_,
      TimeLeftField(budget_.end())));
}

absl::StatusOr<VoteResult> RunVoting::VoteOnce(const std::string& checkpoint,
                                               const EmbeddingIndex& ids,
                                               const VoteOptions& vote,
                                               bool& all_lost) {
  absl::StatusOr<std::vector<std::unique_ptr<Predictor>>> loaded =
      engine_.LoadPredictors(checkpoint, options_.ToPredictorOptions(),
                             vote.limits.end);
  journal_.TakeWarnings(engine_);
  ARCTRM_RETURN_IF_ERROR(loaded.status());
  std::vector<Predictor*> predictors;
  for (const auto& predictor : *loaded) predictors.push_back(predictor.get());
  const auto on_batch = [this](const VoteProgress& progress) {
    SaveAndShow(progress);
    return true;
  };
  ARCTRM_ASSIGN_OR_RETURN(
      VoteResult result, PredictVotes(predictors, ids, inputs_.challenges, vote,
                                      on_batch, ballots_));
  journal_.log().EndProgress();
  for (const std::string& line : result.out_of_memory) {
    journal_.Warn(
        absl::StrCat("voting: ", line, "; continuing with half the batch"));
  }
  for (const auto* lines : {&result.lost, &result.warnings}) {
    for (const std::string& line : *lines) {
      journal_.Warn(absl::StrCat("voting: ", line));
    }
  }
  all_lost = result.lost.size() == predictors.size();
  return result;
}

absl::StatusOr<VoteResult> RunVoting::VoteWith(const std::string& checkpoint,
                                               const std::string& source) {
  // How often predictors are loaded if all of them are lost.
  constexpr int kMaxStarts = 3;
  const VoteOptions vote = MakeVoteOptions(source);
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(checkpoint));
  BeginSaving();
  VoteResult result;
  for (int start = 0; start < kMaxStarts; ++start) {
    bool all_lost = false;
    ARCTRM_ASSIGN_OR_RETURN(result,
                            VoteOnce(checkpoint, info.ids, vote, all_lost));
    if (result.complete || !all_lost || vote.limits.end.Passed() ||
        StopSignal() != 0) {
      break;
    }
  }
  journal_.Keep(ballots_.Write(journal_.folder().ballots_path()));
  return result;
}

absl::Status RunVoting::VoteWithSnapshots(const std::string& checkpoint) {
  for (int number = options_.planning.snapshots; number >= 1; --number) {
    const std::string dir = SnapshotDir(checkpoint, number);
    if (!IsDirectory(dir)) continue;  // the training ended earlier
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
    ARCTRM_RETURN_IF_ERROR(journal_.DowngradeToWarning(
        VoteWithSnapshots(checkpoint), "snapshots"));
  }
  const bool stopped = StopSignal() != 0;
  Record(result, started);
  return stopped;
}

void RunVoting::Record(const VoteResult& result, double started) {
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
                                 " skipped: they could not change an attempt")
                  : ""));
  journal_.AddTiming("voting", journal_.ElapsedS() - started);
  journal_.Section("Plan").emplace_back(
      "voted", absl::StrFormat(
                   "%d of %d views, %.1f views/s", result.progress.views_done,
                   result.progress.views_planned, result.progress.views_per_s));
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
