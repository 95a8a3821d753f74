// SPDX-License-Identifier: MIT
#include "pipeline/run_results.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "pipeline/end_run.h"
#include "pipeline/run_report.h"
#include "pipeline/run_voting.h"
#include "pipeline/scoring.h"

namespace arctrm {
namespace {

// "1 of 3 test outputs solved".
std::string SolvedText(const ScoreTable& score) {
  const auto solved =
      std::count_if(score.outputs.begin(), score.outputs.end(),
                    [](const OutputScore& output) { return output.solved(); });
  return absl::StrCat(solved, " of ", score.outputs.size(),
                      " test outputs solved");
}

int CountWithoutVotes(const RunContext& run) {
  int count = 0;
  for (const Task& task : run.inputs.challenges.tasks) {
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      if (run.ballots.num_votes(task.id, static_cast<int>(i)) == 0) ++count;
    }
  }
  return count;
}

void SetStatus(const RunContext& run, RunOutcome& outcome) {
  const int missing = outcome.without_votes;
  if (run.stopped_early) {
    outcome.status = StoppedBySignal();
  } else if (missing == 0) {
    outcome.status = kStatusDone;
    outcome.complete = true;
  } else if (!run.budget.limited() && run.journal.record().voting_done) {
    outcome.status = absl::StrCat(
        kStatusDone, ": all ", Counted(run.options.steps, "step"), "; ",
        missing, " of ", Counted(outcome.test_inputs, "test input"),
        " have no vote");
    outcome.complete = true;
  } else {
    outcome.status =
        absl::StrCat("time used up: ", missing, " of ", outcome.test_inputs,
                     " test inputs have no vote");
  }
}

void WriteReport(const std::string& status, RunContext& run) {
  if (run.options.report.empty()) return;
  run.journal.record().status = status;
  const absl::Status written = WriteRunReport(
      run.journal.folder(), run.journal.record(), run.inputs.challenges,
      run.inputs.solutions, run.ballots, run.options.report);
  if (!written.ok()) {
    run.journal.Warn(absl::StrCat("the report: ", written.message()));
  }
}

void WriteRecordAndReport(const std::string& status, RunContext& run) {
  run.journal.WarnOfUnsaved();
  WriteReport(status, run);
  const absl::Status saved = run.journal.Save(status);
  if (!saved.ok() && run.journal.unsaved() == 0) {
    run.journal.log().Warning(absl::StrCat("run.json: ", saved.message()));
  }
}

}  // namespace

absl::StatusOr<RunOutcome> OutcomeOf(const RunContext& run) {
  const RunInputs& inputs = run.inputs;
  RunOutcome outcome;
  outcome.leak_warning = run.leak_warning;
  outcome.test_inputs = inputs.challenges.num_test_inputs();
  outcome.without_votes = CountWithoutVotes(run);
  SetStatus(run, outcome);
  if (!inputs.solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(
        ScoresByLabel score,
        ScoreRun(ChooseAttempts(run.ballots, inputs.challenges),
                 inputs.challenges, inputs.solutions, run.ballots,
                 run.options.task_labels));
    outcome.score = std::move(score.all);
    outcome.label_scores = std::move(score.labels);
  }
  return outcome;
}

absl::Status SaveLastSubmission(RunContext& run) {
  absl::Status saved = SaveSubmission(run.ballots, run.inputs, run.options);
  if (saved.ok()) return saved;
  run.journal.Keep(run.journal.folder().RemoveResumeState());
  return SaveSubmission(run.ballots, run.inputs, run.options);
}

void WriteResults(const RunOutcome& outcome, RunContext& run) {
  RunJournal& journal = run.journal;
  if (outcome.complete && outcome.without_votes > 0) {
    journal.Warn(absl::StrCat(
        outcome.without_votes, " of ",
        Counted(outcome.test_inputs, "test input"),
        " have no vote: none of their embedding rows was trained, or every "
        "answer was empty; more --steps help"));
  }
  RunRecord& record = journal.record();
  record.votes = run.ballots.num_votes();
  if (outcome.score.has_value()) record.score = SolvedText(*outcome.score);
  record.elapsed_s += journal.ElapsedS();
  journal.AddTiming("in all", record.elapsed_s);
  journal.Section("Machine").emplace_back(
      "peak memory",
      absl::StrFormat("%.0f MiB",
                      static_cast<double>(PeakMemoryBytes()) / (1 << 20)));
  const Deadline& limit = run.budget.end();
  const bool late = limit.Passed();
  if (late) journal.Warn(OverrunText(limit));
  WriteRecordAndReport(outcome.status, run);
  // Writing may have taken the last of the time.
  if (late || !limit.Passed()) return;
  journal.Warn(OverrunText(limit));
  WriteRecordAndReport(outcome.status, run);
}

}  // namespace arctrm
