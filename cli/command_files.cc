// SPDX-License-Identifier: MIT
#include "cli/command_files.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/log.h"
#include "base/own_names.h"
#include "base/status.h"
#include "cli/inputs.h"
#include "cli/settings.h"
#include "pipeline/kept_runs.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_inputs.h"
#include "pipeline/run_report.h"
#include "puzzles/csv.h"
#include "solver/checkpoint_info.h"
#include "submission/report.h"
#include "submission/write.h"
#include "tta/ballots.h"

namespace arctrm {
namespace {

// For outputs that only --overwrite may replace.
bool NeverOurs(const std::string&) { return false; }

// Accepts damaged submissions and other tasks too: an unattended run replaces a
// damaged submission, and the run itself checks the answers.
bool IsSubmissionOfAnyTasks(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  return text.ok() && LooksLikeSubmission(*text);
}

bool IsReportOfKaggle(const std::string& path) {
  const absl::StatusOr<std::string> html = ReadFile(path);
  return html.ok() && IsReport(*html) &&
         absl::StrContains(*html, "<title>arctrm kaggle run</title>");
}

// Ballots with votes are not replaced: the votes may have taken hours.
bool IsBallotsWithoutVotes(const std::string& path) {
  const absl::StatusOr<Ballots> ballots = Ballots::Read(path);
  return ballots.ok() && ballots->num_votes() == 0;
}

// True if arctrm would write the submission with the same bytes.
bool IsOurSubmission(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return false;
  const absl::StatusOr<Submission> submission = ReadSubmission(path);
  return submission.ok() && SubmissionJson(*submission) == *text;
}

// True for a submission of arctrm that answers none of these tasks.
bool IsOurPlaceholder(const ChallengeSet& challenges, const std::string& path) {
  if (!IsOurSubmission(path)) return false;
  const absl::StatusOr<Submission> submission = ReadSubmission(path);
  return submission.ok() && !HasAnswers(*submission, challenges);
}

// As IsOurPlaceholder, for the tasks in these files.
bool IsPlaceholderFor(const std::vector<std::string>& challenges,
                      const std::string& path) {
  ChallengeSet all;
  for (const std::string& file : challenges) {
    absl::StatusOr<TaskFiles> tasks = ReadTasks(file);
    if (!tasks.ok()) return false;
    for (Task& task : tasks->challenges.tasks) {
      all.tasks.push_back(std::move(task));
    }
  }
  return IsOurPlaceholder(all, path);
}

// True for a file of answers, with the column that only arctrm writes, that
// holds no answer.
bool IsAnswersFileWithoutAnswers(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok() ||
      !absl::StartsWith(*text, "source,question,answer,rating,confidence\n")) {
    return false;
  }
  const absl::StatusOr<PuzzleFile> file = ReadPuzzleCsv(path);
  return file.ok() &&
         std::all_of(file->puzzles.begin(), file->puzzles.end(),
                     [](const Puzzle& p) { return p.answer.empty(); });
}

OutputGuard::IsOurs IsReportOfRunIn(const std::string& work) {
  return [work](const std::string& path) { return IsReportOf(work, path); };
}

// Names in the work folder of `arctrm train`, which holds only metrics and
// records.
bool IsTrainFolderName(absl::string_view name) {
  return IsRunFolderName(name) && name != "dataset" &&
         !absl::StartsWith(name, "checkpoint");
}

OutputGuard::Names AnyOf(std::vector<std::string> names) {
  return [names = std::move(names)](absl::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end() ||
           IsOwnName(name);
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
  guard.Appends("--log", common.log);
  return guard;
}

void ReadsTasks(const std::string& option,
                const std::vector<std::string>& paths, OutputGuard& guard) {
  for (const std::string& path : paths) {
    guard.Reads(option, TaskFilePath(path), IsPassedOver);
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
    ReadsTasks("--train-on", TrainOnPaths(argument), guard);
  }
}

// The files of `arctrm submit` and `arctrm vote`, which merge `parts` into a
// submission.
template <typename Flags>
OutputGuard FilesOfMerge(const std::string& option,
                         const std::vector<std::string>& parts,
                         const Flags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsWeighted(option, parts, guard);
  ReadsTasks("--challenges", flags.challenges, guard);
  guard.Writes("--out", flags.out, IsOurSubmission);
  return guard;
}

// The checkpoint that a training writes to `out` and its work folder. Returns
// that folder.
template <typename Flags>
std::string WritesTraining(const Flags& flags, OutputGuard& guard) {
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  guard.Replaces("--out", flags.out, IsCheckpointName, kCheckpointMark);
  std::string work = WorkFolderOf(flags.out, flags.common);
  guard.WorksIn("--work", work, IsRunFolderName, IsTrainFolderName);
  return work;
}

}  // namespace

absl::Status CheckLog(const CommonFlags& common, const OutputGuard& files) {
  if (common.log.empty()) return absl::OkStatus();
  OutputGuard guard;
  guard.AllowOverwriting(common.overwrite);
  guard.Writes("--log", common.log, IsLogFile);
  for (const auto& [option, path] : files.WorkFolders()) {
    guard.WorksIn(option, path, IsRunFolderName);
  }
  return CheckStanding(guard, common.overwrite);
}

void ReadsCheckpoint(const std::string& option, const std::string& path,
                     OutputGuard& guard) {
  if (path.empty()) return;
  const bool file = FileExists(path) && !IsDirectory(path);
  guard.ReadsFrom(option, file ? Dirname(path) : path, CheckpointFileNames());
  if (file) guard.Reads(option, path);
}

absl::Status CheckNoCheckpoint(const std::string& out, bool resumable) {
  if (!FileExists(out) && !IsDirectory(AsideName(out))) {
    return absl::OkStatus();
  }
  const absl::StatusOr<CheckpointInfo> info = ReadCheckpointInfo(out);
  if (absl::IsNotFound(info.status())) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      out, ": holds a checkpoint ",
      info.ok()
          ? absl::StrCat("of ", info->step, " steps")
          : absl::StrCat("that can't be read (", info.status().message(), ")"),
      "; ",
      resumable ? "continue its training with --resume" : "name another folder",
      ", or replace it with --overwrite"));
}

absl::Status CheckStanding(const OutputGuard& guard, bool overwrite) {
  std::vector<std::string> own;
  for (const auto& [option, path] : guard.WorkFolders()) own.push_back(path);
  for (const auto& [option, path] : guard.Written()) {
    ARCTRM_RETURN_IF_ERROR(
        Annotate(CheckNoRunsFile(path, own, overwrite), option));
  }
  return guard.CheckStanding();
}

absl::Status CheckNoOtherAnswers(const std::string& path,
                                 const Submission& submission,
                                 const ChallengeSet& challenges,
                                 bool overwrite) {
  if (overwrite || !FileExists(path) || IsSpecialFile(path)) {
    return absl::OkStatus();
  }
  const absl::StatusOr<std::string> there = ReadFile(path);
  if (!there.ok() || there->empty() || *there == SubmissionJson(submission) ||
      IsOurPlaceholder(challenges, path)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "--out ", path,
      ": the file holds other answers; name another file, or replace it with "
      "--overwrite"));
}

void RemoveLeftoversBeside(const OutputGuard& guard) {
  std::set<std::string> folders;
  for (const auto& [option, path] : guard.Written()) {
    if (!IsSpecialFile(path)) folders.insert(Dirname(path));
  }
  for (const std::string& folder : folders) {
    // A running run removes its own leftovers.
    if (!FileExists(RunFolder(folder).record_path())) RemoveLeftovers(folder);
  }
}

OutputGuard FilesOf(const AugmentFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsTrainOn(flags.train_on, guard);
  ReadsTasks("--challenges", flags.challenges, guard);
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
    guard.Writes("--out", flags.out, NeverOurs);
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
  guard.ReadsAnyOf("--input", flags.input);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  ReadsTrainOn(flags.train_on, guard);
  guard.Writes("--out",
               flags.out.empty() ? JoinPath(flags.working, "submission.json")
                                 : flags.out,
               IsSubmissionOfAnyTasks);
  guard.Writes("--report", flags.report, IsReportOfKaggle);
  guard.WorksIn("--work", flags.common.work, IsRunFolderName);
  return guard;
}

OutputGuard FilesOf(const PredictFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  ReadsTasks("--challenges", flags.challenges, guard);
  guard.Writes("--out", flags.out, IsBallotsWithoutVotes);
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
  const std::string work = WritesTraining(flags, guard);
  if (flags.held_out > 0) {
    guard.Replaces("--held-out", BesidePath(flags.out, ".best"),
                   IsCheckpointName, kCheckpointMark);
  }
  guard.Writes("--report", flags.report, IsReportOfRunIn(work));
  return guard;
}

OutputGuard FilesOf(const PuzzlePredictFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  guard.Reads("--puzzles", flags.puzzles);
  guard.Writes("--out", flags.out, IsAnswersFileWithoutAnswers);
  return guard;
}

OutputGuard FilesOf(const ReportFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  // The command writes nothing there; this keeps --out off the names of a run.
  guard.WorksIn("--run", flags.run, IsRunFolderName);
  guard.Writes("--out", flags.out, IsReportOfRunIn(flags.run));
  return guard;
}

OutputGuard FilesOf(const RunFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsTasks("--challenges", flags.challenges, guard);
  guard.Reads("--solutions", TaskFilePath(flags.solutions));
  ReadsTrainOn(flags.train_on, guard);
  ReadsCheckpoint("--checkpoint", flags.checkpoint, guard);
  const std::string work = WorkFolderOf(flags.out, flags.common);
  // The run itself checks a run that is already there. Old records don't tell
  // where their submission is.
  const absl::StatusOr<RunRecord> run = RunFolder(work).ReadRecord();
  const bool its_own =
      run.ok() && (run->out.empty() || run->out == SeenFrom(work, flags.out));
  guard.Writes(
      "--out", flags.out,
      [its_own, challenges = flags.challenges](const std::string& path) {
        return its_own ? IsOurSubmission(path)
                       : IsPlaceholderFor(challenges, path);
      });
  guard.WorksIn("--work", work, IsRunFolderName);
  guard.Writes("--report", flags.report, IsReportOfRunIn(work));
  return guard;
}

OutputGuard FilesOf(const ScoreFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  guard.Reads("--solutions", TaskFilePath(flags.solutions));
  ReadsTasks("--challenges", flags.challenges, guard);
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
  return FilesOfMerge("--merge", flags.merge, flags);
}

OutputGuard FilesOf(const TrainFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  for (const std::string& path : flags.dataset) guard.Reads("--dataset", path);
  WritesTraining(flags, guard);
  return guard;
}

OutputGuard FilesOf(const ValidateFlags& flags) {
  OutputGuard guard = Begin(flags.common);
  ReadsTasks("--challenges", flags.challenges, guard);
  guard.Reads("submission", flags.submission);
  return guard;
}

OutputGuard FilesOf(const VoteFlags& flags) {
  return FilesOfMerge("--ballots", flags.ballots, flags);
}

}  // namespace arctrm
