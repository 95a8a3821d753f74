// SPDX-License-Identifier: MIT
#include "pipeline/demo.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "arc/write.h"
#include "base/files.h"
#include "base/output_guard.h"
#include "base/status.h"
#include "pipeline/local_engine.h"
#include "pipeline/run_folder.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"
#include "submission/report.h"
#include "submission/write.h"
#include "synthetic/rules.h"

namespace arctrm {
namespace {

// Pretraining tasks have this seed or a larger one, demos a smaller one.
constexpr uint64_t kFirstPretrainingSeed = 1u << 30;

constexpr char kTitle[] = "arctrm demo";

// Whether the demo whose run is in `work` wrote the file at `path`. The run
// keeps copies of the tasks.
bool WrittenByDemo(const std::string& path, const RunFolder& work) {
  const absl::StatusOr<RunRecord> record = work.ReadRecord();
  if (!record.ok() || !absl::StartsWith(record->title, kTitle)) return false;
  const absl::StatusOr<std::string> bytes = ReadFile(path);
  const absl::StatusOr<std::string> copy =
      ReadFile(JoinPath(work.dir(), Basename(path)));
  return bytes.ok() && copy.ok() && *bytes == *copy;
}

// Only files that a demo wrote may be replaced.
absl::Status CheckExistingFiles(const DemoOptions& options,
                                const RunOptions& run, const RunFolder& work,
                                const ChallengeSet& challenges,
                                const std::vector<EmbeddedFile>& files) {
  OutputGuard guard;
  guard.AllowOverwriting(options.overwrite);
  for (const EmbeddedFile& file : files) {
    guard.Writes("--out", JoinPath(options.out, file.name),
                 [&](const std::string& path) {
                   const absl::StatusOr<std::string> bytes = ReadFile(path);
                   return (bytes.ok() && *bytes == file.bytes) ||
                          WrittenByDemo(path, work);
                 });
  }
  const bool ours = work.ReadRecord().ok();
  guard.Writes("--out", run.out, [&](const std::string& path) {
    const absl::StatusOr<Submission> submission = ReadSubmission(path);
    return submission.ok() && (ours || !HasAnswers(*submission, challenges));
  });
  guard.Writes("--out", run.report, [](const std::string& path) {
    const absl::StatusOr<std::string> html = ReadFile(path);
    return html.ok() && IsReport(*html);
  });
  if (!run.checkpoint.empty()) {
    guard.Replaces("--out", run.checkpoint, IsCheckpointName, kCheckpointMark);
  }
  ARCTRM_RETURN_IF_ERROR(guard.Check());
  if (run.checkpoint.empty() || options.overwrite) return absl::OkStatus();
  for (const EmbeddedFile& file : DemoCheckpointFiles()) {
    const std::string path = JoinPath(run.checkpoint, file.name);
    const absl::StatusOr<std::string> bytes = ReadFile(path);
    if (absl::IsNotFound(bytes.status()) ||
        (bytes.ok() && *bytes == file.bytes)) {
      continue;
    }
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        ": was not written by the demo; name another --out, or replace it "
        "with --overwrite"));
  }
  return absl::OkStatus();
}

// Checks everything that may prevent the run, before anything is written.
absl::Status CheckBeforeDemo(const DemoOptions& options, const RunOptions& run,
                             const ChallengeSet& challenges,
                             const std::vector<EmbeddedFile>& files) {
  const RunFolder work(run.work.empty() ? BesidePath(run.out, ".run")
                                        : run.work);
  ARCTRM_RETURN_IF_ERROR(
      CheckExistingFiles(options, run, work, challenges, files));
  ARCTRM_RETURN_IF_ERROR(work.CheckNotLocked());
  ARCTRM_RETURN_IF_ERROR(options.overwrite
                             ? work.CheckOurs()
                             : work.CheckNoRun(/*resumable=*/false));
  TrainRequest request;
  request.spec = run.ToTrainSpec();
  // The shipped checkpoint is not written yet.
  request.spec.checkpoint.clear();
  request.spec.max_steps = 1;
  return CheckTraining(request);
}

// The options of the demo's run. Sets the paths in `outcome`.
RunOptions MakeRunOptions(const DemoOptions& options, DemoOutcome& outcome) {
  outcome.challenges = JoinPath(options.out, "challenges.json");
  outcome.solutions = JoinPath(options.out, "solutions.json");
  outcome.submission = JoinPath(options.out, "submission.json");
  outcome.report = JoinPath(options.out, "report.html");
  RunOptions run = options.run;
  run.seed = options.seed;
  run.challenges = {outcome.challenges};
  run.solutions = outcome.solutions;
  run.out = outcome.submission;
  run.report = outcome.report;
  run.title = absl::StrCat(kTitle, ", seed ", options.seed,
                           options.from_scratch ? ", from scratch" : "");
  run.overwrite = options.overwrite;
  return run;
}

// Labels each task by whether the shipped checkpoint was trained on its rule.
void LabelTasks(const SyntheticSet& set, RunOptions& run) {
  const std::vector<std::string>& left_out = LeftOutRules();
  for (size_t i = 0; i < set.rules.size(); ++i) {
    const bool unseen = std::find(left_out.begin(), left_out.end(),
                                  set.rules[i]) != left_out.end();
    run.task_labels[set.challenges.tasks[i].id] =
        unseen ? "left-out rule" : "pretrained rule";
  }
}

absl::Status WriteDemoCheckpoint(const std::string& dir) {
  const std::string fresh = FreshName(dir);
  ARCTRM_RETURN_IF_ERROR(RemoveAll(fresh));
  ARCTRM_RETURN_IF_ERROR(MakeDirectories(fresh));
  for (const EmbeddedFile& file : DemoCheckpointFiles()) {
    ARCTRM_RETURN_IF_ERROR(
        WriteFileAtomically(JoinPath(fresh, file.name), file.bytes));
  }
  return ReplaceDirectory(fresh, dir);
}

}  // namespace

absl::StatusOr<DemoOutcome> RunDemo(const DemoOptions& options,
                                    const Deadline& deadline, Log& log) {
  if (options.seed >= kFirstPretrainingSeed) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--seed ", options.seed, ": demo seeds are below ",
        kFirstPretrainingSeed,
        "; larger ones made the tasks that the shipped checkpoint learned"));
  }
  DemoOutcome outcome;
  RunOptions run = MakeRunOptions(options, outcome);
  ARCTRM_ASSIGN_OR_RETURN(
      const SyntheticSet set,
      GenerateSet({}, /*per_rule=*/1, options.seed, SyntheticOptions()));
  std::vector<EmbeddedFile> files = {
      {"challenges.json", ChallengesJson(set.challenges)},
      {"solutions.json", SolutionsJson(set.solutions)}};
  if (!options.from_scratch) {
    if (DemoCheckpointFiles().empty()) {
      return absl::FailedPreconditionError(
          "this build ships no checkpoint (pipeline/demo_checkpoint was "
          "empty); use --from-scratch, or make one with "
          "recipes/pretrain-demo.sh");
    }
    run.checkpoint = JoinPath(options.out, "checkpoint");
  }
  OutputGuard place;
  place.Replaces("--out", options.out, nullptr);
  ARCTRM_ASSIGN_OR_RETURN(const auto locks, place.Lock());
  ARCTRM_RETURN_IF_ERROR(CheckBeforeDemo(options, run, set.challenges, files));
  ARCTRM_RETURN_IF_ERROR(MakeDirectories(options.out));
  for (const EmbeddedFile& file : files) {
    ARCTRM_RETURN_IF_ERROR(
        WriteFileAtomically(JoinPath(options.out, file.name), file.bytes));
  }
  if (!options.from_scratch) {
    ARCTRM_RETURN_IF_ERROR(WriteDemoCheckpoint(run.checkpoint));
    LabelTasks(set, run);
  }
  ARCTRM_ASSIGN_OR_RETURN(outcome.run, ExecuteRun(run, deadline, log));
  return outcome;
}

}  // namespace arctrm
