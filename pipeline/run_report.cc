// SPDX-License-Identifier: MIT
#include "pipeline/run_report.h"

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/status.h"
#include "pipeline/run_folder.h"
#include "pipeline/scoring.h"
#include "puzzles/csv.h"
#include "submission/puzzle_report.h"
#include "tta/ballots.h"

namespace arctrm {
namespace {

// Reads the part that all reports share.
absl::Status ReadPage(const RunFolder& folder, const RunRecord& record,
                      ReportPage& page) {
  page.title = record.title;
  page.owner = ReportOwnerOf(folder.dir());
  page.status = record.status;
  page.warnings = record.warnings;
  page.facts = record.facts;
  ARCTRM_ASSIGN_OR_RETURN(page.curve, folder.ReadMetrics());
  return absl::OkStatus();
}

absl::StatusOr<PuzzleReportData> ReadPuzzleReport(const RunFolder& folder,
                                                  const RunRecord& record) {
  PuzzleReportData data;
  ARCTRM_RETURN_IF_ERROR(ReadPage(folder, record, data));
  ARCTRM_ASSIGN_OR_RETURN(data.puzzles, ReadPuzzleCsv(folder.puzzles_path()));
  ARCTRM_ASSIGN_OR_RETURN(PuzzleFile answers,
                          ReadPuzzleCsv(folder.answers_path()));
  for (Puzzle& answer : answers.puzzles) {
    if (answer.answer.empty())
      break;  // this and later puzzles were not reached
    data.answers.push_back(std::move(answer));
  }
  if (data.answers.size() > data.puzzles.puzzles.size()) {
    return absl::DataLossError(absl::StrCat(
        folder.answers_path(), ": holds more puzzles than puzzles.csv"));
  }
  return data;
}

// Adds tasks, votes and score.
absl::Status AddTasks(const RunRecord& record, const ChallengeSet& challenges,
                      const SolutionSet& solutions, const Ballots& ballots,
                      ReportData& data) {
  const Submission submission = ChooseAttempts(ballots, challenges);
  if (!solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(ScoresByLabel score,
                            ScoreRun(submission, challenges, solutions, ballots,
                                     record.task_labels));
    data.score = std::move(score.all);
    data.label_scores = std::move(score.labels);
  }
  for (const Task& task : challenges.tasks) {
    ReportTask out;
    const auto label = record.task_labels.find(task.id);
    if (label != record.task_labels.end()) out.group = label->second;
    const std::vector<Attempts>& attempts = submission.at(task.id);
    const auto solution = solutions.find(task.id);
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      ReportTestInput test;
      for (Candidate& c : ballots.Candidates(task.id, static_cast<int>(i))) {
        test.candidates.push_back(
            {std::move(c.grid), c.votes, c.mean_confidence});
      }
      test.attempts = attempts[i];
      if (solution != solutions.end()) test.solution = solution->second[i];
      out.tests.push_back(std::move(test));
    }
    out.task = task;
    data.tasks.push_back(std::move(out));
  }
  return absl::OkStatus();
}

}  // namespace

std::string ReportOwnerOf(const std::string& work) {
  constexpr size_t kDigits = 16;
  std::error_code error;
  const std::string whole =
      std::filesystem::weakly_canonical(work, error).string();
  return Sha256Hex(error ? work : whole).substr(0, kDigits);
}

bool IsReportOf(const std::string& work, const std::string& path) {
  const absl::StatusOr<std::string> html = ReadFile(path);
  if (!html.ok() || !IsReport(*html)) return false;
  const std::string owner = ReportOwner(*html);
  if (!owner.empty()) return owner == ReportOwnerOf(work);
  const absl::StatusOr<RunRecord> record = RunFolder(work).ReadRecord();
  return record.ok() &&
         absl::StrContains(*html,
                           absl::StrCat("<title>", record->title, "</title>"));
}

absl::StatusOr<ReportData> ReadReportData(const std::string& run_dir) {
  const RunFolder folder(run_dir);
  ARCTRM_ASSIGN_OR_RETURN(RunRecord record, folder.ReadRecord());
  ReportData data;
  ARCTRM_RETURN_IF_ERROR(ReadPage(folder, record, data));
  // A training without votes has no tasks to show.
  if (!FileExists(folder.challenges_path())) return data;
  ARCTRM_ASSIGN_OR_RETURN(const TaskFiles files,
                          ReadTasks(folder.challenges_path()));
  SolutionSet solutions;
  if (FileExists(folder.solutions_path())) {
    ARCTRM_ASSIGN_OR_RETURN(solutions,
                            ReadSolutions(folder.solutions_path(), nullptr));
  }
  Ballots ballots;
  if (FileExists(folder.ballots_path())) {
    ARCTRM_ASSIGN_OR_RETURN(ballots, Ballots::Read(folder.ballots_path()));
  }
  ARCTRM_RETURN_IF_ERROR(
      AddTasks(record, files.challenges, solutions, ballots, data));
  return data;
}

absl::Status WriteRunReport(const RunFolder& folder, const RunRecord& record,
                            const ChallengeSet& challenges,
                            const SolutionSet& solutions,
                            const Ballots& ballots, const std::string& out) {
  ReportData data;
  ARCTRM_RETURN_IF_ERROR(ReadPage(folder, record, data));
  ARCTRM_RETURN_IF_ERROR(
      AddTasks(record, challenges, solutions, ballots, data));
  return WriteFileAtomically(out, ReportHtml(data));
}

absl::Status WriteRunReport(const std::string& run_dir,
                            const std::string& out) {
  const RunFolder folder(run_dir);
  if (FileExists(folder.puzzles_path())) {
    ARCTRM_ASSIGN_OR_RETURN(const RunRecord record, folder.ReadRecord());
    ARCTRM_ASSIGN_OR_RETURN(const PuzzleReportData data,
                            ReadPuzzleReport(folder, record));
    return WriteFileAtomically(out, PuzzleReportHtml(data));
  }
  ARCTRM_ASSIGN_OR_RETURN(const ReportData data, ReadReportData(run_dir));
  return WriteFileAtomically(out, ReportHtml(data));
}

}  // namespace arctrm
