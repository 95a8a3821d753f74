// SPDX-License-Identifier: MIT
#include "solver/train/sampler.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "augment/task_window.h"
#include "base/status.h"
#include "puzzles/puzzle_dataset.h"

namespace arctrm::internal {
namespace {

// The pair of an augmentation that is never moved; its embedding row decides.
int UntranslatedPair(int64_t embedding_id, int pairs) {
  uint64_t x = static_cast<uint64_t>(embedding_id) * 0x9E3779B97F4A7C15u;
  x ^= x >> 32;
  return static_cast<int>(x % static_cast<uint64_t>(pairs));
}

}  // namespace

ExampleSampler::ExampleSampler(const Dataset* dataset, bool translate,
                               int pairs_per_visit, uint64_t seed,
                               int canvas_step)
    : dataset_(dataset),
      translate_(translate),
      pairs_per_visit_(static_cast<size_t>(pairs_per_visit)),
      first_ids_(std::make_shared<std::vector<int64_t>>(dataset->FirstIds())),
      random_(seed, "batches") {
  ARCTRM_CHECK(!dataset->tasks.empty());
  const Canvas whole = dataset->canvas;
  std::vector<GridSize> sizes;
  for (const DatasetTask& task : dataset->tasks) {
    sizes.push_back(
        canvas_step > 0 && dataset->has_ids()
            ? TaskWindow(task.pairs, task.test_inputs, whole.side, canvas_step)
            : whole.size());
  }
  sizes_ = std::make_shared<std::vector<GridSize>>(std::move(sizes));
  StartEpoch();
}

void ExampleSampler::StartEpoch() {
  std::vector<int> order(dataset_->tasks.size());
  std::iota(order.begin(), order.end(), 0);
  random_.Shuffle(order);
  order_ = std::make_shared<std::vector<int>>(std::move(order));
  position_ = 0;
  ++epochs_;
  StartTask();
}

void ExampleSampler::StartTask() {
  const DatasetTask& task =
      dataset_->tasks[static_cast<size_t>((*order_)[position_])];
  augmentation_ = static_cast<int>(
      random_.Below(static_cast<uint64_t>(dataset_->num_augmentations(task))));
  pairs_.resize(task.pairs.size());
  std::iota(pairs_.begin(), pairs_.end(), 0);
  random_.Shuffle(pairs_);
  if (pairs_per_visit_ > 0 && pairs_.size() > pairs_per_visit_) {
    pairs_.resize(pairs_per_visit_);
  }
}

Example ExampleSampler::InPlace(int task, int augmentation) const {
  const auto index = static_cast<size_t>(task);
  Example example;
  example.task = task;
  example.augmentation = augmentation;
  example.window.size = (*sizes_)[index];
  if (!dataset_->has_ids()) return example;
  example.embedding_id = (*first_ids_)[index] + augmentation;
  const DatasetTask& of = dataset_->tasks[index];
  if (Transposes(
          of.augmentations[static_cast<size_t>(augmentation)].dihedral)) {
    example.window.size = example.window.size.Transposed();
  }
  return example;
}

Example ExampleSampler::Next() {
  if (pairs_.empty()) {
    if (++position_ == order_->size()) {
      StartEpoch();
    } else {
      StartTask();
    }
  }
  Example example = InPlace((*order_)[position_], augmentation_);
  const DatasetTask& task = dataset_->tasks[static_cast<size_t>(example.task)];
  example.pair = pairs_.back();
  pairs_.pop_back();
  if (translate_ && dataset_->has_ids() &&
      example.pair != UntranslatedPair(example.embedding_id,
                                       static_cast<int>(task.pairs.size()))) {
    const Augmentation& augmentation =
        task.augmentations[static_cast<size_t>(augmentation_)];
    const Pair& pair = task.pairs[static_cast<size_t>(example.pair)];
    // RandomOffset needs only the shape, which the dihedral transform decides.
    const Pair shape = {ApplyDihedral(pair.input, augmentation.dihedral),
                        ApplyDihedral(pair.output, augmentation.dihedral)};
    example.offset = RandomOffset(shape, dataset_->canvas, random_);
  }
  const int whole = dataset_->canvas.side;
  const GridSize size = example.window.size;
  example.window.origin = {std::min(example.offset.row, whole - size.rows),
                           std::min(example.offset.col, whole - size.cols)};
  return example;
}

void ExampleSampler::Encode(const Example& example, uint8_t* input,
                            uint8_t* label) const {
  const size_t index = static_cast<size_t>(example.task);
  const DatasetTask& task = dataset_->tasks[index];
  const Pair& pair = task.pairs[static_cast<size_t>(example.pair)];
  Pair drawn;
  if (dataset_->canvas.kind == PuzzleKind::kSudoku) {
    drawn = ShuffledSudoku(pair, dataset_->seed, index, example.augmentation);
  } else {
    const Augmentation& augmentation =
        task.augmentations[static_cast<size_t>(example.augmentation)];
    drawn = {augmentation.Apply(pair.input), augmentation.Apply(pair.output)};
  }
  if (dataset_->canvas.kind != PuzzleKind::kArc) {
    EncodePair(drawn, dataset_->canvas, {}, input, label);
    return;
  }
  const Window& window = example.window;
  EncodePair(drawn, window.size,
             {example.offset.row - window.origin.row,
              example.offset.col - window.origin.col},
             input, label);
}

double ExampleSampler::WindowShare() const {
  double cells = 0;
  for (const GridSize& size : *sizes_) cells += size.cells();
  return cells / static_cast<double>(sizes_->size()) /
         dataset_->canvas.num_tokens();
}

std::string ExampleSampler::State() const {
  return absl::StrCat(random_.State(), ";", epochs_, ";", position_, ";",
                      augmentation_, ";", absl::StrJoin(pairs_, ","), ";",
                      absl::StrJoin(*order_, ","));
}

absl::Status ExampleSampler::SetState(const std::string& state) {
  absl::Status damaged =
      absl::DataLossError("the position in the training data is damaged");
  const std::vector<std::string> parts = absl::StrSplit(state, ';');
  if (parts.size() != 6) return damaged;
  const auto numbers = [](const std::string& text, int below,
                          std::vector<int>& out) {
    out.clear();
    for (const std::string& part : std::vector<std::string>(
             absl::StrSplit(text, ',', absl::SkipEmpty()))) {
      int value = 0;
      if (!absl::SimpleAtoi(part, &value) || value < 0 || value >= below) {
        return false;
      }
      out.push_back(value);
    }
    return true;
  };
  uint64_t position = 0;
  std::vector<int> order;
  const int tasks = static_cast<int>(dataset_->tasks.size());
  if (!random_.SetState(parts[0]).ok() ||
      !absl::SimpleAtoi(parts[1], &epochs_) ||
      !absl::SimpleAtoi(parts[2], &position) ||
      !absl::SimpleAtoi(parts[3], &augmentation_) ||
      !numbers(parts[5], tasks, order) ||
      order.size() != dataset_->tasks.size() || position >= order.size()) {
    return damaged;
  }
  position_ = position;
  order_ = std::make_shared<std::vector<int>>(std::move(order));
  const DatasetTask& task =
      dataset_->tasks[static_cast<size_t>((*order_)[position_])];
  if (augmentation_ < 0 || augmentation_ >= dataset_->num_augmentations(task) ||
      !numbers(parts[4], static_cast<int>(task.pairs.size()), pairs_)) {
    return damaged;
  }
  return absl::OkStatus();
}

}  // namespace arctrm::internal
