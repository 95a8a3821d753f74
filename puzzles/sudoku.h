// SPDX-License-Identifier: MIT
// Sudoku of 4x4 (boxes 2x2), 6x6 (2 rows by 3 columns) and 9x9 (3x3): solving,
// rating, generating, and the shuffles that keep a puzzle a puzzle.
#pragma once

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arc/grid.h"
#include "base/random.h"
#include "puzzles/puzzle.h"

namespace arctrm {

struct SudokuShape {
  int side = 9;
  int box_rows = 3;
  int box_cols = 3;
};
// InvalidArgument for another side than 4, 6 and 9.
absl::StatusOr<SudokuShape> SudokuShapeOf(int side);

// Is every digit in 0 … side, and none twice in a row, column or box?
// InvalidArgument says which. Blanks are fine.
absl::Status CheckSudokuRules(const Grid& grid, const SudokuShape& shape);

struct SudokuSolutions {
  int found = 0;           // at most the number asked for
  Grid first;              // empty when none
  int64_t guesses = 0;     // values tried where no single decided
  bool undecided = false;  // gave up after max_guesses
};

// Propagates naked and hidden singles; where they end, tries the values of the
// cell that has the fewest, lowest first. `limit` 2 tells unique puzzles from
// others, and its guesses are the rating: 0 means that singles suffice. The
// published set's ratings count another solver's guesses in the same way.
SudokuSolutions SolveSudoku(const Grid& question, const SudokuShape& shape,
                            int limit, int64_t max_guesses = 2'000'000);

// A complete grid.
Grid RandomSudoku(const SudokuShape& shape, Random& random);

// A puzzle with one solution from which no clue can be taken, rated at least
// `min_rating`. ResourceExhausted after `max_tries` that were rated less.
absl::StatusOr<Puzzle> GenerateSudoku(const SudokuShape& shape, int min_rating,
                                      Random& random, int max_tries = 1 << 20);

// Published dataset/build_sudoku_dataset.py: digits renamed, bands, rows of a
// band, stacks and columns of a stack exchanged, and the grid transposed (not
// where boxes are not square).
struct SudokuShuffle {
  bool transpose = false;
  // The line of the (transposed) grid that comes to place i.
  std::array<uint8_t, 9> rows = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  std::array<uint8_t, 9> cols = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  std::array<uint8_t, 10> digits = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

  Grid Apply(const Grid& grid) const;
};
SudokuShuffle RandomSudokuShuffle(const SudokuShape& shape, Random& random);

}  // namespace arctrm
