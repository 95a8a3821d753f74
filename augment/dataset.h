// SPDX-License-Identifier: MIT
// What a model trains on: tasks and the plan of their augmentations, never the
// augmented grids themselves. Every (task, augmentation) of ARC is one puzzle
// id; id 0 is blank. Sudoku and mazes (canvas.kind) are a task of one pair
// each, and all have id 0.
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
  // Unique in the dataset: the task's id, or "<id>#2" for a second task of the
  // same id from another source.
  std::string name;
  // What training sees: demonstrations, and for a `--train-on` task its test
  // pairs after them.
  std::vector<Pair> pairs;
  // Test inputs whose outputs are not known here; they shape the canvas and
  // the plan.
  std::vector<Grid> test_inputs;
  // True when `pairs` holds test pairs.
  bool trains_on_test_pairs = false;
  // Identity first. Of a Sudoku only that: its copies are shuffles drawn by
  // number (puzzles/puzzle_dataset.h).
  std::vector<Augmentation> augmentations;
  friend bool operator==(const DatasetTask&, const DatasetTask&) = default;
};

struct Dataset {
  Canvas canvas;
  uint64_t seed = 0;
  int augmentations_asked = 0;
  std::vector<DatasetTask> tasks;

  bool has_ids() const { return canvas.kind == PuzzleKind::kArc; }
  // Puzzle ids, the blank one included: 1 + sum of copies, or 1 where tasks
  // have none. Ids are given out in order: task 0's copies are 1 … n0, then
  // task 1's.
  int64_t num_ids() const;
  // First id of task `i`; 0 where tasks have none.
  std::vector<int64_t> FirstIds() const;
  // Ways a task can be drawn, itself included.
  int num_augmentations(const DatasetTask& task) const;
  // Training examples: sum over tasks of copies x pairs.
  int64_t num_examples() const;
  // Tasks that got fewer copies than asked.
  int num_short_tasks() const;
  friend bool operator==(const Dataset&, const Dataset&) = default;
};

// One set of tasks that goes into a dataset.
struct DatasetSource {
  ChallengeSet challenges;
  // Only for train-on sets: their test outputs become training pairs.
  SolutionSet solutions;
  bool train_on_test_pairs = false;
};

struct BuildOptions {
  PlanOptions plan;
  // 0: fit to the data with `canvas_margin`. Otherwise the side to use;
  // InvalidArgument names the first task too large for it.
  int canvas_side = 0;
  int canvas_margin = 0;
  int threads = 1;
  // Called from the caller's thread, now and then, with (tasks done, tasks in
  // all), and once with all of them done; may be empty.
  std::function<void(int, int)> progress;
};

absl::StatusOr<Dataset> BuildDataset(const std::vector<DatasetSource>& sources,
                                     const BuildOptions& options);

// Puts `more` behind `into`'s tasks; names taken already get "#2". Both must
// have the same canvas.
absl::Status AppendDataset(Dataset more, Dataset& into);

// Is `name` that of a file of a dataset folder?
bool IsDatasetName(absl::string_view name);
// The file that makes a folder a dataset of arctrm.
inline constexpr char kDatasetMark[] = "dataset.json";

// Files in `dir`: dataset.json (format, version, canvas, seed, counts, the
// shards with size and SHA-256) and shard-00000.zst …; see docs/formats.md.
// Written to a fresh folder that then takes the place of `dir`; a `dir` with
// anything else in it is FailedPrecondition and stays. Returns the bytes on
// disk.
absl::StatusOr<int64_t> WriteDataset(const Dataset& dataset,
                                     absl::string_view dir);
// NotFound where there is none, DataLoss with file and offset for damage,
// FailedPrecondition for a format or version that is not ours.
absl::StatusOr<Dataset> ReadDataset(absl::string_view dir);

}  // namespace arctrm
