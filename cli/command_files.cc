// SPDX-License-Identifier: MIT
#include "cli/command_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/log.h"
#include "cli/inputs.h"
#include "cli/settings.h"
#include "pipeline/inputs.h"
#include "pipeline/run_folder.h"
#include "puzzles/csv.h"
#include "solver/checkpoint_info.h"
#include "submission/report.h"
#include "submission/write.h"
#include "tta/ballots.h"

namespace arctrm {
namespace {

bool Nobodys(const std::string&) { return false; }

bool IsOurReport(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  return text.ok() && IsReport(*text);
}

bool IsOurBallots(const std::string& path) { return Ballots::Read(path).ok(); }

// What the writer makes of what it reads.
bool IsOurSubmission(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return false;
  const absl::StatusOr<Submission> submission = ReadSubmission(path);
  return submission.ok() && SubmissionJson(*submission) == *text;
}

// One of ours for these tasks in which nothing is answered yet.
bool IsOurPlaceholder(const std::vector<std::string>& challenges,
                      const std::string& path) {
  if (!IsOurSubmission(path)) return false;
  ChallengeSet all;
  for (const std::string& file : challenges) {
    absl::StatusOr<TaskFiles> tasks = ReadTasks(file);
    if (!tasks.ok()) return false;
    for (Task& task : tasks->challenges.tasks) {
      all.tasks.push_back(std::move(task));
    }
  }
  const absl::StatusOr<Submission> submission = ReadSubmission(path);
  return submission.ok() && !HasAnswers(*submission, all);
}

// Answers to the same puzzles, with the column that only arctrm writes.
bool IsAnswersTo(const std::string& puzzles, const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok() ||
      !absl::StartsWith(*text, "source,question,answer,rating,confidence\n")) {
    return false;
  }
  const absl::StatusOr<PuzzleFile> asked = ReadPuzzleCsv(puzzles);
  const absl::StatusOr<PuzzleFile> answered = ReadPuzzleCsv(path);
  return asked.ok() && answered.ok() &&
         std::equal(asked->puzzles.begin(), asked->puzzles.end(),
                    answered->puzzles.begin(), answered->puzzles.end(),
                    [](const Puzzle& a, const Puzzle& b) {
                      return a.question == b.question;
                    });
}

// Of a work folder that only metrics and records are in.
bool IsTrainFolderName(absl::string_view name) {
  return IsRunFolderName(name) && name != "dataset" &&
         !absl::StartsWith(name, "checkpoint");
}

OutputGuard::Names AnyOf(std::vector<std::string> names) {
  return [names = std::move(names)](absl::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end() ||
           absl::StartsWith(name, kOwnPrefix);
  };
}

std::string WorkFolderOf(const std::string& out, const CommonFlags& common) {
  return common.work.empty() ? BesidePath(out, ".run") : common.work;
}

OutputGuard Begin(const CommonFlags& common) {
  OutputGuard guard;
  guard.AllowOverwriting(common.overwrite);
  const auto& recipes = BuiltInRecipes();
  const bool built_in =
      std::any_of(recipes.begin(), recipes.end(),
                  [&](const auto& r) { return r.first == common.recipe; });
  if (!built_in) guard.Reads("--recipe", common.recipe);
  guard.Writes("--log", common.log);
  return guard;
}

void ReadsAll(const std::string& option, const std::vector<std::string>& paths,
              OutputGuard& guard) {
  for (const std::string& path : paths) {
    guard.Reads(option, TaskFilePath(path));
  }
}

// "F:WEIGHT".
void ReadsWeighted(const std::string& option,
                   const std::vector<std::string>& texts, OutputGuard& guard) {
  for (const std::string& text : texts) {
    const absl::StatusOr<WeightedPath> part = ParseWeightedPath(text);
    guard.Reads(option, part.ok() ? part->path : text);
  }
}

// "F=SOLUTIONS".
void ReadsTrainOn(const std::vector<std::string>& arguments,
                  OutputGuard& guard) {
  for (const std::string& argument : arguments) {
    ReadsAll("--train-on", TrainOnPaths(argument), guard);
  }
}

}  // namespace

absl::Status CheckLog(const CommonFlags& common) {
  OutputGuard guard;
  guard.AllowOverwriting(common.overwrite);
  guard.Writes("--log", common.log, IsLogFile);
  return guard.CheckStanding();
}

void ReadsCheckpoint(const std::string& option, const std::string& path,
                     OutputGuard& guard) {
  if (path.empty()) return;
  const bool file = FileExists(path) && !IsDirectory(path);
  guard.ReadsFrom(option, file ? Dirname(path) : path, CheckpointFileNames());
  if (file) guard.Reads(option, path);
}

absl::Status CheckNoTraining(const std::string& out, bool any) {
  if (!FileExists(out)) return absl::OkStatus();
  const absl::StatusOr<CheckpointInfo> info = ReadCheckpointInfo(out);
  if (absl::IsNotFound(info.status())) return absl::OkStatus();
  if (info.ok() && !any && !info->has_resume_state) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      out, ": holds a checkpoint ",
      info.ok()
          ? absl::StrCat("of ", info->step, " steps")
          : absl::StrCat("that can't be read (", info.status().message(), ")"),
      "; ",
      any ? "--resume goes on with its training, " : "name another folder, or ",
      "--overwrite puts the new one in its place"));
}

OutputGuard FilesOf(const AugmentFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsTrainOn(flags.train_on, guard);
  ReadsAll("--challenges", flags.challenges, guard);
  guard.Replaces("--out", flags.out, IsDatasetName, kDatasetMark);
  return guard;
}

OutputGuard FilesOf(const BundleFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Reads("--recipe", FileExists(flags.recipe) ? flags.recipe : "");
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  guard.ReadsAnyOf("--binaries", flags.binaries);
  guard.ReadsAnyOf("--source", flags.source);
  guard.ReadsAnyOf("--third-party", flags.third_party);
  guard.Replaces("--out", flags.out, AnyOf({"dataset", "notebook"}));
  return guard;
}

OutputGuard FilesOf(const CheckpointInfoFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsCheckpoint("checkpoint", flags.checkpoint, guard);
  return guard;
}

OutputGuard FilesOf(const CheckpointImportFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Reads("weights", flags.weights);
  guard.Reads("--identifiers", flags.identifiers);
  guard.Replaces("--out", flags.out, IsCheckpointName, kCheckpointMark);
  return guard;
}

OutputGuard FilesOf(const CheckpointExportFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsCheckpoint("checkpoint", flags.checkpoint, guard);
  if (flags.ToFile()) {
    guard.Writes("--out", flags.out, Nobodys);
  } else {
    guard.Replaces("--out", flags.out, IsCheckpointName, kCheckpointMark);
  }
  return guard;
}

OutputGuard FilesOf(const CheckpointAverageFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  for (const std::string& checkpoint : flags.checkpoints) {
    ReadsCheckpoint("checkpoints", checkpoint, guard);
  }
  guard.Replaces("--out", flags.out, IsCheckpointName, kCheckpointMark);
  return guard;
}

OutputGuard FilesOf(const DemoFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.WorksIn("--out", flags.out,
                AnyOf({"challenges.json", "solutions.json", "submission.json",
                       "report.html", "checkpoint", "submission.json.run"}));
  guard.WorksIn("--work", flags.common.work, IsRunFolderName);
  return guard;
}

OutputGuard FilesOf(const DoctorFlags& flags) { return Begin(flags.common); }

OutputGuard FilesOf(const KaggleFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  // Nobody is there to be asked: what stands there is looked at by the job.
  guard.AllowOverwriting(true);
  guard.ReadsAnyOf("--input", flags.input);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  ReadsTrainOn(flags.train_on, guard);
  guard.Writes("--out", flags.out.empty()
                            ? JoinPath(flags.working, "submission.json")
                            : flags.out);
  guard.Writes("--report", flags.report);
  guard.WorksIn("--work", flags.common.work, IsRunFolderName);
  return guard;
}

OutputGuard FilesOf(const PredictFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  ReadsAll("--challenges", flags.challenges, guard);
  guard.Writes("--out", flags.out, IsOurBallots);
  return guard;
}

OutputGuard FilesOf(const PuzzleGenerateFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Writes("--out", flags.out);
  return guard;
}

OutputGuard FilesOf(const PuzzleCheckFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Reads("puzzles", flags.puzzles);
  return guard;
}

OutputGuard FilesOf(const PuzzleScoreFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Reads("--answers", flags.answers);
  guard.Reads("puzzles", flags.puzzles);
  return guard;
}

OutputGuard FilesOf(const PuzzleTrainFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Reads("--train", flags.train);
  guard.Reads("--test", flags.test);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  guard.Replaces("--out", flags.out, IsCheckpointName, kCheckpointMark);
  if (flags.held_out > 0) {
    guard.Replaces("--held-out", BesidePath(flags.out, ".best"),
                   IsCheckpointName, kCheckpointMark);
  }
  guard.WorksIn("--work", WorkFolderOf(flags.out, flags.common),
                IsTrainFolderName);
  guard.Writes("--report", flags.report, IsOurReport);
  return guard;
}

OutputGuard FilesOf(const PuzzlePredictFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  guard.Reads("--puzzles", flags.puzzles);
  guard.Writes("--out", flags.out,
               [puzzles = flags.puzzles](const std::string& path) {
                 return IsAnswersTo(puzzles, path);
               });
  return guard;
}

OutputGuard FilesOf(const ReportFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  // Nothing is written there, but a report on such a name would be.
  guard.WorksIn("--run", flags.run, IsRunFolderName);
  guard.Writes("--out", flags.out, IsOurReport);
  return guard;
}

OutputGuard FilesOf(const RunFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsAll("--challenges", flags.challenges, guard);
  guard.Reads("--solutions", TaskFilePath(flags.solutions));
  ReadsTrainOn(flags.train_on, guard);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  const std::string work = WorkFolderOf(flags.out, flags.common);
  // A run that stands there is the job's to judge.
  const bool run = RunFolder(work).ReadRecord().ok();
  guard.Writes("--out", flags.out,
               [run, challenges = flags.challenges](const std::string& path) {
                 return run ? IsOurSubmission(path)
                            : IsOurPlaceholder(challenges, path);
               });
  guard.WorksIn("--work", work, IsRunFolderName);
  guard.Writes("--report", flags.report, IsOurReport);
  return guard;
}

OutputGuard FilesOf(const ScoreFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Reads("--solutions", TaskFilePath(flags.solutions));
  ReadsAll("--challenges", flags.challenges, guard);
  guard.Reads("submission", flags.submission);
  return guard;
}

OutputGuard FilesOf(const SettingsFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Reads("recipe", FileExists(flags.recipe) ? flags.recipe : "");
  return guard;
}

OutputGuard FilesOf(const ShowFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Reads("file", TaskFilePath(flags.path));
  guard.Reads("--solutions", TaskFilePath(flags.solutions));
  return guard;
}

OutputGuard FilesOf(const SubmitFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsWeighted("--merge", flags.merge, guard);
  ReadsAll("--challenges", flags.challenges, guard);
  guard.Writes("--out", flags.out, IsOurSubmission);
  return guard;
}

OutputGuard FilesOf(const TrainFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsAll("--dataset", flags.dataset, guard);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  guard.Replaces("--out", flags.out, IsCheckpointName, kCheckpointMark);
  guard.WorksIn("--work", WorkFolderOf(flags.out, flags.common),
                IsTrainFolderName);
  return guard;
}

OutputGuard FilesOf(const ValidateFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsAll("--challenges", flags.challenges, guard);
  guard.Reads("submission", flags.submission);
  return guard;
}

OutputGuard FilesOf(const VoteFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsWeighted("--ballots", flags.ballots, guard);
  ReadsAll("--challenges", flags.challenges, guard);
  guard.Writes("--out", flags.out, IsOurSubmission);
  return guard;
}

}  // namespace arctrm
