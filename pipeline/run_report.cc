// SPDX-License-Identifier: MIT
#include "pipeline/run_report.h"

#include <map>
#include <utility>
#include <vector>

#include "arc/read.h"
#include "base/files.h"
#include "base/status.h"
#include "pipeline/run_folder.h"
#include "pipeline/scoring.h"
#include "tta/ballots.h"

namespace arctrm {

absl::StatusOr<ReportData> ReadReportData(const std::string& run_dir) {
  const RunFolder folder(run_dir);
  ARCTRM_ASSIGN_OR_RETURN(RunRecord record, folder.ReadRecord());
  ARCTRM_ASSIGN_OR_RETURN(TaskFiles files, ReadTasks(folder.challenges_path()));
  SolutionSet solutions;
  if (FileExists(folder.solutions_path())) {
    ARCTRM_ASSIGN_OR_RETURN(solutions,
                            ReadSolutions(folder.solutions_path(), nullptr));
  }
  Ballots ballots;
  if (FileExists(folder.ballots_path())) {
    ARCTRM_ASSIGN_OR_RETURN(ballots, Ballots::Read(folder.ballots_path()));
  }
  ReportData data;
  data.title = record.title;
  data.status = record.status;
  data.warnings = record.warnings;
  data.facts = record.facts;
  ARCTRM_ASSIGN_OR_RETURN(data.curve, folder.ReadMetrics());
  const Submission submission = ChooseAttempts(ballots, files.challenges);
  if (!solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(JobScore score,
                            ScoreJob(submission, files.challenges, solutions,
                                     ballots, record.groups));
    data.score = std::move(score.all);
    data.group_scores = std::move(score.groups);
  }
  for (Task& task : files.challenges.tasks) {
    ReportTask out;
    const auto group = record.groups.find(task.id);
    if (group != record.groups.end()) out.group = group->second;
    const std::vector<Attempts>& attempts = submission.at(task.id);
    const auto solution = solutions.find(task.id);
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      ReportTestInput test;
      for (Candidate& c : ballots.Rank(task.id, static_cast<int>(i))) {
        test.candidates.push_back(
            {std::move(c.grid), c.votes, c.mean_confidence});
      }
      test.attempts = attempts[i];
      if (solution != solutions.end()) test.solution = solution->second[i];
      out.tests.push_back(std::move(test));
    }
    out.task = std::move(task);
    data.tasks.push_back(std::move(out));
  }
  return data;
}

absl::Status WriteRunReport(const std::string& run_dir,
                            const std::string& out) {
  ARCTRM_ASSIGN_OR_RETURN(const ReportData data, ReadReportData(run_dir));
  return WriteFileAtomically(out, ReportHtml(data));
}

}  // namespace arctrm
