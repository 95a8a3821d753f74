// SPDX-License-Identifier: MIT
// Files of puzzles: CSV, as Sudoku-Extreme, Maze-Hard and other public sets are
// published. A Sudoku is its digits row by row, "." or "0" for blank; a maze
// its cells, `#` wall, blank free, S, G, and `o` for the path. Our own files
// have the header source,question,answer,rating and, where answers are a
// model's, confidence: how sure it is of each.
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

// Reads a whole file, also one packed with gzip or zstd; the first puzzle says
// which kind it is. Columns are found by name in any order and letter case:
// question (or puzzle, quizzes …), answer (solution, solutions …), source,
// rating, confidence; others are ignored, and all but the question may be
// missing. Without a header the cells of the first row must say what they are.
// Commas, tabs, semicolons or bars stand between fields; a field may stand in
// quotes, with "" for one of them. Empty rows at the end are none.
// InvalidArgument with the file and the line where the row begins: another
// header, which is shown, a row with another number of fields, a character that
// is none of a puzzle, a length that is no square or another than that of the
// first row, a rating that is no number, no rows.
// Whether puzzles make sense is not looked at.
absl::StatusOr<PuzzleFile> ReadPuzzleCsv(const std::string& path);
// The same of bytes; `name` is what errors call them.
absl::StatusOr<PuzzleFile> ParsePuzzleCsv(absl::string_view bytes,
                                          absl::string_view name);

std::string PuzzleCsv(const PuzzleFile& file);

// The cells of one puzzle as the files hold them; blanks of a Sudoku as ".".
std::string PuzzleText(PuzzleKind kind, const Grid& grid);

}  // namespace arctrm
