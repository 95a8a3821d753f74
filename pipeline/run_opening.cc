// SPDX-License-Identifier: MIT
#include "pipeline/run_opening.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arc/read.h"
#include "arc/write.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/replaced_file.h"
#include "base/status.h"
#include "pipeline/kept_runs.h"
#include "pipeline/resume_check.h"
#include "pipeline/run_identity.h"
#include "pipeline/run_report.h"
#include "pipeline/run_results.h"
#include "pipeline/run_voting.h"
#include "submission/write.h"

namespace arctrm {
namespace {

// The copies of tasks and solutions in the work folder must equal the inputs.
absl::Status CheckKeptInputs(const RunContext& run) {
  const RunFolder& folder = run.journal.folder();
  ARCTRM_ASSIGN_OR_RETURN(const std::string tasks,
                          ReadFile(folder.challenges_path()));
  if (tasks != ChallengesJson(run.inputs.challenges)) {
    return absl::FailedPreconditionError(absl::StrCat(
        folder.dir(),
        ": was started on other challenges; resume with the same files"));
  }
  if (run.inputs.solutions.empty() || !FileExists(folder.solutions_path())) {
    return absl::OkStatus();
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::string solutions,
                          ReadFile(folder.solutions_path()));
  if (solutions == SolutionsJson(run.inputs.solutions)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      folder.solutions_path(),
      ": is not this run's copy of --solutions; restore it, or replace "
      "--resume by --overwrite to start anew"));
}

void AddInputFacts(RunContext& run) {
  const RunOptions& options = run.options;
  auto& settings = run.journal.Section("Settings");
  for (const OptionSet::Item& item : options.Settings()) {
    settings.emplace_back(item.key, item.value);
  }
  auto& input = run.journal.Section("Input");
  for (const std::string& path : options.challenges) {
    input.emplace_back("challenges", path);
  }
  for (const std::string& path : options.train_on) {
    input.emplace_back("train on", path);
  }
  if (!options.checkpoint.empty()) {
    input.emplace_back("checkpoint", options.checkpoint);
  }
  const ChallengeSet& challenges = run.inputs.challenges;
  input.emplace_back("tasks", absl::StrCat(challenges.tasks.size()));
  input.emplace_back("test inputs", absl::StrCat(challenges.num_test_inputs()));
}

}  // namespace

std::map<std::string, std::string> SettingsMap(const RunOptions& options) {
  std::map<std::string, std::string> settings;
  for (const OptionSet::Item& item : options.Settings()) {
    settings[item.key] = item.value;
  }
  settings["seed"] = absl::StrCat(options.seed);
  settings["steps"] = absl::StrCat(options.steps);
  settings["augmentations"] = absl::StrCat(options.augmentations);
  settings["checkpoint"] = options.checkpoint;
  settings["recipe"] = options.recipe;
  return settings;
}

void BeginRun(RunContext& run) {
  RunJournal& journal = run.journal;
  const RunFolder& folder = journal.folder();
  journal.Keep(folder.Start());
  RunRecord& record = journal.record();
  record.title = run.options.title;
  record.out = SeenFrom(folder.dir(), run.options.out);
  record.settings = SettingsMap(run.options);
  record.task_labels = run.options.task_labels;
  record.fingerprints = run.inputs.fingerprints;
  record.run = NameRun(record, run.options.steps > 0 && !run.budget.limited());
  run.ballots.SetRun(record.run);
  // The record comes first: it marks the folder as ours.
  journal.Keep(journal.Save(record.status));
  journal.Keep(WriteFileAtomically(folder.challenges_path(),
                                   ChallengesJson(run.inputs.challenges)));
  if (!run.inputs.solutions.empty()) {
    journal.Keep(WriteFileAtomically(folder.solutions_path(),
                                     SolutionsJson(run.inputs.solutions)));
  }
  AddInputFacts(run);
}

absl::StatusOr<bool> ResumeRun(RunContext& run) {
  RunJournal& journal = run.journal;
  const RunFolder& folder = journal.folder();
  ARCTRM_ASSIGN_OR_RETURN(journal.record(), folder.ReadRecord());
  RunRecord& record = journal.record();
  RunRecord now;
  now.settings = SettingsMap(run.options);
  now.fingerprints = run.inputs.fingerprints;
  ARCTRM_RETURN_IF_ERROR(CheckSameInputs(folder, record, now, journal.log()));
  record.fingerprints = run.inputs.fingerprints;
  ARCTRM_RETURN_IF_ERROR(CheckKeptInputs(run));
  const bool voted = FileExists(folder.ballots_path());
  if (voted) {
    ARCTRM_ASSIGN_OR_RETURN(run.ballots, Ballots::Read(folder.ballots_path()));
  }
  ARCTRM_RETURN_IF_ERROR(CheckWorkFolder(folder, voted ? &run.ballots : nullptr,
                                         run.inputs.challenges, record,
                                         journal.log()));
  run.ballots.SetRun(record.run);
  ARCTRM_RETURN_IF_ERROR(run.options.unattended
                             ? CheckDataset(folder, record)
                             : CheckResumeFiles(folder, record, run.options));
  if (absl::StartsWith(record.status, kStatusDone)) {
    journal.log().Info(
        absl::StrCat(folder.dir(),
                     ": this run is finished; --overwrite removes it and "
                     "starts anew"));
    return true;
  }
  journal.log().Info(absl::StrCat("resuming ", folder.dir(), ": ",
                                  record.status, ", ", run.ballots.num_votes(),
                                  " votes"));
  return false;
}

absl::Status RestoreResults(RunContext& run) {
  const std::string& report = run.options.report;
  if (!report.empty() && !FileExists(report)) {
    const absl::Status written =
        WriteRunReport(run.journal.folder().dir(), report);
    if (!written.ok()) {
      run.journal.log().Warning(
          absl::StrCat("the report: ", written.message()));
    }
  }
  // The submission may be gone, or a placeholder may stand in its place.
  const absl::StatusOr<Submission> found = ReadSubmission(run.options.out);
  if (found.ok() && HasAnswers(*found, run.inputs.challenges)) {
    return absl::OkStatus();
  }
  return SaveSubmission(run.ballots, run.inputs, run.options);
}

void LogRun(RunContext& run) {
  RunJournal& journal = run.journal;
  journal.log().Begin();
  for (const Remark& remark : run.inputs.remarks) journal.Warn(remark);
  journal.Section("Machine") = {{"device", run.device}};
  const ChallengeSet& challenges = run.inputs.challenges;
  const ModelOptions& model = run.options.model;
  journal.log().Info(absl::StrFormat(
      "%s, %s; network of %d parameters on a %dx%d canvas; %s",
      Counted(static_cast<int64_t>(challenges.tasks.size()), "task"),
      Counted(challenges.num_test_inputs(), "test input"),
      model.num_parameters(), model.canvas_side, model.canvas_side,
      run.device));
  journal.Keep(journal.Save(journal.record().status));
}

}  // namespace arctrm
