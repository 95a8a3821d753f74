// SPDX-License-Identifier: MIT
// Strict reading of ARC files with simdjson. Every fault is InvalidArgument
// (or NotFound for a missing file) with the path, the task, the place in it
// ("train[2].output row 4"), what was expected and what was found.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/task.h"

namespace arctrm {

struct TaskFiles {
  ChallengeSet challenges;
  // What the file or folder itself knows of test outputs; empty for a Kaggle
  // challenges file.
  SolutionSet solutions;
};

// Reads, by looking at `path`:
//   a Kaggle *_challenges.json: {"id": {"train": [{input, output}…],
//                                       "test": [{input}…]}, …}
//   one task file: {"train": […], "test": [{input, output?}…]}, id = file name
//     without .json
//   a folder of task files (*.json), sorted by name
//   a folder of RE-ARC files: per task a list of {input, output} pairs (all
//     become demonstrations; the last one also the test pair)
// Refuses: not JSON, trailing content, wrong types, ragged rows, values outside
// 0-9, sides outside 1-30, numbers that are no integers, no tasks, no
// demonstrations, no test inputs, duplicate ids and keys, ids that can't name a
// task, nesting deeper than 16, invalid UTF-8. Keys beside "train" and "test"
// are allowed in a task (ARC repositories carry "name"), beside "input" and
// "output" not. Test outputs, wherever they stand, go to the solutions, and
// only where all of a task's are there. A byte-order mark is skipped.
absl::StatusOr<TaskFiles> ReadTasks(absl::string_view path);

// {"id": [grid, …], …}. Must cover exactly the ids of `challenges` with one
// grid per test input; pass nullptr to skip that.
absl::StatusOr<SolutionSet> ReadSolutions(absl::string_view path,
                                          const ChallengeSet* challenges);

// A submission file as it stands, without judging it against challenges
// (submission/validate.h does). Grids are checked for shape and values.
absl::StatusOr<Submission> ReadSubmission(absl::string_view path);

}  // namespace arctrm
