// SPDX-License-Identifier: MIT
#include "puzzles/puzzle_dataset.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "augment/dihedral.h"
#include "base/random.h"
#include "base/status.h"
#include "puzzles/sudoku.h"

namespace arctrm {
namespace {

bool AsksForRatings(const PuzzleDatasetOptions& options) {
  return options.min_rating.has_value() || options.max_rating.has_value();
}

bool IsWanted(const Puzzle& puzzle, const PuzzleDatasetOptions& options) {
  if (!AsksForRatings(options)) return true;
  return puzzle.rating.has_value() &&
         *puzzle.rating >= options.min_rating.value_or(*puzzle.rating) &&
         *puzzle.rating <= options.max_rating.value_or(*puzzle.rating);
}

int64_t CountUnrated(const PuzzleFile& file) {
  return std::count_if(
      file.puzzles.begin(), file.puzzles.end(),
      [](const Puzzle& puzzle) { return !puzzle.rating.has_value(); });
}

// "10 to 12", "10 or more".
std::string RatingsText(const PuzzleDatasetOptions& options) {
  if (!options.max_rating.has_value()) {
    return absl::StrCat(options.min_rating.value_or(0), " or more");
  }
  return options.min_rating.has_value()
             ? absl::StrCat(*options.min_rating, " to ", *options.max_rating)
             : absl::StrCat(*options.max_rating, " or less");
}

}  // namespace

std::string UnratedRemark(const PuzzleFile& file,
                          const PuzzleDatasetOptions& options) {
  const int64_t unrated = CountUnrated(file);
  if (!AsksForRatings(options) || unrated == 0) return "";
  return absl::StrCat("left out ", unrated, " of ", file.puzzles.size(),
                      " puzzles, which have no rating");
}

absl::StatusOr<Dataset> BuildPuzzleDataset(
    const PuzzleFile& file, const PuzzleDatasetOptions& options) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < file.puzzles.size(); ++i) {
    if (IsWanted(file.puzzles[i], options)) chosen.push_back(i);
  }
  if (chosen.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "none of the ", file.puzzles.size(), " puzzles is rated ",
        RatingsText(options), "; ", CountUnrated(file), " have no rating"));
  }
  const size_t sample = static_cast<size_t>(options.sample);
  if (sample > 0 && sample < chosen.size()) {
    Random random(options.seed, "sample");
    random.Shuffle(chosen);
    chosen.resize(sample);
    std::sort(chosen.begin(), chosen.end());
  }
  const int side = file.puzzles[chosen[0]].question.rows();
  if (file.kind == PuzzleKind::kSudoku) {
    ARCTRM_RETURN_IF_ERROR(SudokuShapeOf(side).status());
  }
  Dataset dataset;
  dataset.canvas = {side, file.kind};
  dataset.seed = options.seed;
  dataset.augmentations_asked = options.augmentations;
  std::vector<Augmentation> augmentations(1);
  if (file.kind == PuzzleKind::kMaze && options.augmentations > 0) {
    dataset.augmentations_asked = kNumDihedral - 1;
    for (int id = 1; id < kNumDihedral; ++id)
      augmentations.push_back({.dihedral = id});
  }
  dataset.tasks.reserve(chosen.size());
  for (const size_t i : chosen) {
    const Puzzle& puzzle = file.puzzles[i];
    if (puzzle.answer.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "puzzle ", i + 1, " has no answer; training needs them"));
    }
    DatasetTask& task = dataset.tasks.emplace_back();
    task.name = absl::StrCat(i + 1);
    task.pairs = {{puzzle.question, puzzle.answer}};
    task.augmentations = augmentations;
  }
  return dataset;
}

Pair ShuffledSudoku(const Pair& pair, uint64_t seed, size_t task, int number) {
  if (number == 0) return pair;
  const absl::StatusOr<SudokuShape> shape = SudokuShapeOf(pair.input.rows());
  ARCTRM_CHECK(shape.ok());
  Random random(seed, absl::StrCat("sudoku ", task, " ", number));
  const SudokuShuffle shuffle = RandomSudokuShuffle(*shape, random);
  return {shuffle.Apply(pair.input), shuffle.Apply(pair.output)};
}

}  // namespace arctrm
