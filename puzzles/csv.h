// SPDX-License-Identifier: MIT
// Reads and writes puzzles as CSV, the format of Sudoku-Extreme, Maze-Hard and
// other public sets. A Sudoku is written as its digits row by row, "." or "0"
// for blank; a maze as its cells, `#` for walls, blank for free cells, S, G,
// and `o` for the path. arctrm writes the header source,question,answer,rating
// and, for answers of a model, confidence.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "augment/puzzle_kind.h"
#include "puzzles/puzzle.h"

namespace arctrm {

struct PuzzleFile {
  PuzzleKind kind = PuzzleKind::kSudoku;
  std::vector<Puzzle> puzzles;
};

// Reads a file, plain or packed with gzip or zstd. The first puzzle determines
// the kind. Columns are found by name in any order and letter case: question
// (or puzzle, quizzes …), answer (solution, solutions …), source, rating,
// confidence. Other columns are ignored, and only the question is required.
// Without a header, the first row must show which columns hold grids. Fields
// are separated by commas, tabs, semicolons or bars, and may be quoted, with ""
// for a quote. Empty rows at the end are ignored.
// InvalidArgument with the file and the first line of the row: an unknown
// header, a row with a different number of fields, an invalid character, a
// length that is not a square or differs from the first row, a rating that is
// not a number, no rows.
// Does not check whether the puzzles have solutions.
absl::StatusOr<PuzzleFile> ReadPuzzleCsv(const std::string& path);
// The same for the content of a file; `name` is used in errors.
absl::StatusOr<PuzzleFile> ParsePuzzleCsv(absl::string_view bytes,
                                          absl::string_view name);

std::string PuzzleCsv(const PuzzleFile& file);

// The cells of one puzzle as written in files; blanks of a Sudoku become ".".
std::string PuzzleText(PuzzleKind kind, const Grid& grid);

}  // namespace arctrm
