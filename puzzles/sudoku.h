// SPDX-License-Identifier: MIT
// Solves, rates, generates and shuffles Sudoku of 4x4 (boxes 2x2), 6x6 (boxes
// of 2 rows by 3 columns) and 9x9 (boxes 3x3).
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
// InvalidArgument unless the side is 4, 6 or 9.
absl::StatusOr<SudokuShape> SudokuShapeOf(int side);

// InvalidArgument for a digit outside 0 … side, or one that occurs twice in a
// row, column or box. Blanks are allowed.
absl::Status CheckSudokuRules(const Grid& grid, const SudokuShape& shape);

struct SudokuSolutions {
  int found = 0;           // number of solutions, at most `limit`
  Grid first;              // the first solution; empty if none
  int64_t guesses = 0;     // values tried without a single
  bool undecided = false;  // gave up after max_guesses
};

// Propagates naked and hidden singles; then tries the values of the cell with
// the fewest, in ascending order. `limit` 2 suffices to check uniqueness, and
// its number of guesses is the rating: 0 means that singles suffice. The
// published ratings count guesses of another solver in the same way.
SudokuSolutions SolveSudoku(const Grid& question, const SudokuShape& shape,
                            int limit, int64_t max_guesses = 2'000'000);

// A random complete grid.
Grid RandomSudoku(const SudokuShape& shape, Random& random);

// A puzzle with one solution, no redundant clue, and a rating of at least
// `min_rating`. ResourceExhausted after `max_tries` puzzles with lower ratings.
absl::StatusOr<Puzzle> GenerateSudoku(const SudokuShape& shape, int min_rating,
                                      Random& random, int max_tries = 1 << 20);

// A shuffle that preserves the rules, as in TRM's
// dataset/build_sudoku_dataset.py: permutes digits, bands, rows within bands,
// stacks and columns within stacks, and transposes the grid if boxes are
// square.
struct SudokuShuffle {
  bool transpose = false;
  // rows[i] is the row of the (transposed) grid that moves to row i.
  std::array<uint8_t, 9> rows = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  std::array<uint8_t, 9> cols = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  std::array<uint8_t, 10> digits = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

  Grid Apply(const Grid& grid) const;
};
SudokuShuffle RandomSudokuShuffle(const SudokuShape& shape, Random& random);

}  // namespace arctrm
