// SPDX-License-Identifier: MIT
// Training data of a model: tasks and their augmentations, without the
// augmented grids. For ARC, each (task, augmentation) has one embedding row;
// row 0 is blank. A Sudoku or maze (canvas.kind) is a task with one pair, and
// all share row 0.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/task.h"
#include "augment/augmentation.h"
#include "augment/augmentation_sampling.h"
#include "augment/canvas.h"

namespace arctrm {

struct DatasetTask {
  // Unique in the dataset: the id of the task, or "<id>#2" for a second task
  // with the same id from another source.
  std::string name;
  // The training pairs: demonstrations, then the test pairs for a `--train-on`
  // task.
  std::vector<Pair> pairs;
  // Test inputs without known outputs. They influence the canvas and the
  // augmentations.
  std::vector<Grid> test_inputs;
  // Does `pairs` hold test pairs?
  bool trains_on_test_pairs = false;
  // The identity, then others. A Sudoku has only the identity here; its
  // shuffles are drawn by number (puzzles/puzzle_dataset.h).
  std::vector<Augmentation> augmentations;
  friend bool operator==(const DatasetTask&, const DatasetTask&) = default;
};

struct Dataset {
  Canvas canvas;
  uint64_t seed = 0;
  int augmentations_asked = 0;
  std::vector<DatasetTask> tasks;

  bool has_ids() const { return canvas.kind == PuzzleKind::kArc; }
  // Number of embedding rows: 1 for the blank one + the sum of augmentations,
  // or 1 for puzzles. Task 0 has rows 1 … n0, then task 1 follows.
  int64_t num_ids() const;
  // First embedding row of each task; 0 for puzzles.
  std::vector<int64_t> FirstIds() const;
  // Number of augmentations or shuffles of a task, including the identity.
  int num_augmentations(const DatasetTask& task) const;
  // Number of training examples: the sum over tasks of augmentations x pairs.
  int64_t num_examples() const;
  // Number of tasks with fewer augmentations than requested.
  int num_short_tasks() const;
  friend bool operator==(const Dataset&, const Dataset&) = default;
};

// A set of tasks for a dataset.
struct DatasetSource {
  ChallengeSet challenges;
  // For `--train-on` sets: test outputs that become training pairs.
  SolutionSet solutions;
  bool train_on_test_pairs = false;
};

struct BuildOptions {
  PlanOptions plan;
  // Side of the canvas; 0 means the smallest one for the data plus
  // `canvas_margin`. If a task is larger, InvalidArgument names it.
  int canvas_side = 0;
  int canvas_margin = 0;
  int threads = 1;
  // Called repeatedly in the caller's thread with (tasks done, all tasks), the
  // last time with all done. May be empty.
  std::function<void(int, int)> progress;
};

absl::StatusOr<Dataset> BuildDataset(const std::vector<DatasetSource>& sources,
                                     const BuildOptions& options);

// Appends the tasks of `more` to `into`; duplicate names get "#2". Both must
// have the same canvas.
absl::Status AppendDataset(Dataset more, Dataset& into);

// Is `name` the name of a file in dataset folders?
bool IsDatasetName(absl::string_view name);
// A folder with this file is a dataset of arctrm.
inline constexpr char kDatasetMark[] = "dataset.json";

// Files in `dir`: dataset.json (format, version, canvas, seed, counts, the
// shards with size and SHA-256) and shard-00000.zst …; see docs/formats.md.
// Writes a new folder, then replaces `dir` by it. FailedPrecondition, without
// changes, if `dir` holds other files. Returns the size on disk in bytes.
absl::StatusOr<int64_t> WriteDataset(const Dataset& dataset,
                                     absl::string_view dir);
// NotFound if there is no dataset, DataLoss with file and offset for damage,
// FailedPrecondition for an unknown format or version.
absl::StatusOr<Dataset> ReadDataset(absl::string_view dir);

}  // namespace arctrm
