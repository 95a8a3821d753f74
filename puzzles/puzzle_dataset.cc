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

absl::StatusOr<Dataset> BuildPuzzleDataset(
    const PuzzleFile& file, const PuzzleDatasetOptions& options) {
  // As long as nothing is asked of them, puzzles need no rating.
  const bool any_rating =
      options.min_rating <= 0 && options.max_rating >= kMostRating;
  std::vector<size_t> chosen;
  for (size_t i = 0; i < file.puzzles.size(); ++i) {
    const std::optional<int> rating = file.puzzles[i].rating;
    if (rating.has_value()
            ? *rating >= options.min_rating && *rating <= options.max_rating
            : any_rating) {
      chosen.push_back(i);
    }
  }
  if (chosen.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("none of the ", file.puzzles.size(), " puzzles is rated ",
                     options.min_rating, " to ", options.max_rating));
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
  dataset.copies_asked = options.augmentations;
  std::vector<Augmentation> copies(1);
  if (file.kind == PuzzleKind::kMaze && options.augmentations > 0) {
    dataset.copies_asked = kNumDihedral - 1;
    for (int id = 1; id < kNumDihedral; ++id)
      copies.push_back({.dihedral = id});
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
    task.copies = copies;
  }
  return dataset;
}

Pair ShuffledSudoku(const Pair& pair, uint64_t seed, size_t task, int copy) {
  if (copy == 0) return pair;
  const absl::StatusOr<SudokuShape> shape = SudokuShapeOf(pair.input.rows());
  ARCTRM_CHECK(shape.ok());
  Random random(seed, absl::StrCat("sudoku ", task, " ", copy));
  const SudokuShuffle shuffle = RandomSudokuShuffle(*shape, random);
  return {shuffle.Apply(pair.input), shuffle.Apply(pair.output)};
}

}  // namespace arctrm
