// SPDX-License-Identifier: MIT
#include "augment/dataset.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/thread_group.h"

namespace arctrm {
namespace {

int LargestSide(const DatasetTask& task) {
  int side = 0;
  for (const Pair& pair : task.pairs) {
    side = std::max({side, pair.input.max_side(), pair.output.max_side()});
  }
  for (const Grid& input : task.test_inputs) {
    side = std::max(side, input.max_side());
  }
  return side;
}

}  // namespace

int64_t Dataset::num_ids() const {
  int64_t ids = 1;
  if (!has_ids()) return ids;
  for (const DatasetTask& task : tasks) {
    ids += static_cast<int64_t>(task.augmentations.size());
  }
  return ids;
}

std::vector<int64_t> Dataset::FirstIds() const {
  if (!has_ids()) return std::vector<int64_t>(tasks.size(), 0);
  std::vector<int64_t> first;
  int64_t next = 1;
  for (const DatasetTask& task : tasks) {
    first.push_back(next);
    next += static_cast<int64_t>(task.augmentations.size());
  }
  return first;
}

int Dataset::num_augmentations(const DatasetTask& task) const {
  return canvas.kind == PuzzleKind::kSudoku
             ? augmentations_asked + 1
             : static_cast<int>(task.augmentations.size());
}

int64_t Dataset::num_examples() const {
  int64_t examples = 0;
  for (const DatasetTask& task : tasks) {
    examples += int64_t{num_augmentations(task)} *
                static_cast<int64_t>(task.pairs.size());
  }
  return examples;
}

int Dataset::num_short_tasks() const {
  return static_cast<int>(
      std::count_if(tasks.begin(), tasks.end(), [&](const DatasetTask& task) {
        return num_augmentations(task) < augmentations_asked + 1;
      }));
}

absl::StatusOr<Dataset> BuildDataset(const std::vector<DatasetSource>& sources,
                                     const BuildOptions& options) {
  Dataset dataset;
  dataset.seed = options.plan.seed;
  dataset.augmentations_asked = options.plan.augmentations;
  std::set<std::string> names;
  int largest = 1;
  for (const DatasetSource& source : sources) {
    for (const Task& from : source.challenges.tasks) {
      DatasetTask task;
      task.name = from.id;
      for (int n = 2; !names.insert(task.name).second; ++n) {
        task.name = absl::StrCat(from.id, "#", n);
      }
      task.pairs = from.demonstrations;
      const auto solution = source.solutions.find(from.id);
      if (source.train_on_test_pairs && solution != source.solutions.end() &&
          solution->second.size() == from.test_inputs.size()) {
        task.trains_on_test_pairs = true;
        for (size_t i = 0; i < from.test_inputs.size(); ++i) {
          task.pairs.push_back({from.test_inputs[i], solution->second[i]});
        }
      } else {
        task.test_inputs = from.test_inputs;
      }
      const int side = LargestSide(task);
      if (options.canvas_side > 0 && side > options.canvas_side) {
        return absl::InvalidArgumentError(
            absl::StrCat("task ", task.name, " has a grid ", side,
                         " wide or tall, the canvas is ", options.canvas_side,
                         " by ", options.canvas_side,
                         "; start from random weights or from a checkpoint "
                         "with a larger canvas"));
      }
      largest = std::max(largest, side);
      dataset.tasks.push_back(std::move(task));
    }
  }
  dataset.canvas.side =
      options.canvas_side > 0
          ? options.canvas_side
          : std::min(kMaxSide, largest + 1 + options.canvas_margin);
  const int num_tasks = static_cast<int>(dataset.tasks.size());
  // Each task has its own random stream, so threads may take tasks in any
  // order.
  std::atomic<int> next{0};
  std::atomic<int> done{0};
  const auto work = [&](bool tells) {
    for (int i = next++; i < num_tasks; i = next++) {
      DatasetTask& task = dataset.tasks[static_cast<size_t>(i)];
      task.augmentations =
          PlanTask(task.name, task.pairs, task.test_inputs, options.plan);
      const int so_far = ++done;
      if (tells && so_far < num_tasks) options.progress(so_far, num_tasks);
    }
  };
  ThreadGroup helpers;
  for (int t = 1; t < std::min(options.threads, num_tasks); ++t) {
    if (!helpers.Start([&] { work(false); })) break;
  }
  work(options.progress != nullptr);
  helpers.Join();
  if (options.progress) options.progress(num_tasks, num_tasks);
  return dataset;
}

absl::Status AppendDataset(Dataset more, Dataset& into) {
  if (more.canvas.kind != into.canvas.kind) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it holds ", PuzzleKindName(more.canvas.kind),
        " tasks, the first dataset ", PuzzleKindName(into.canvas.kind),
        "; a model learns one kind"));
  }
  if (!into.has_ids() &&
      (more.seed != into.seed ||
       more.augmentations_asked != into.augmentations_asked)) {
    return absl::FailedPreconditionError(
        "its seed or number of augmentations differs from the first dataset; "
        "build them together");
  }
  if (more.canvas != into.canvas) {
    return absl::InvalidArgumentError(absl::StrCat(
        "its canvas is ", more.canvas.side,
        " wide, but the canvas of the first dataset is ", into.canvas.side,
        "; build them together with one `arctrm augment`"));
  }
  std::set<std::string> names;
  for (const DatasetTask& task : into.tasks) names.insert(task.name);
  for (DatasetTask& task : more.tasks) {
    const std::string name = task.name;
    for (int n = 2; !names.insert(task.name).second; ++n) {
      task.name = absl::StrCat(name, "#", n);
    }
    into.tasks.push_back(std::move(task));
  }
  into.augmentations_asked =
      std::max(into.augmentations_asked, more.augmentations_asked);
  return absl::OkStatus();
}

}  // namespace arctrm
