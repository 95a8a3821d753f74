// SPDX-License-Identifier: MIT
// The published form of Sudoku-Extreme and Maze-Hard: CSV with the header
// source,question,answer,rating. A Sudoku is its digits row by row, "." or "0"
// for blank; a maze its cells, `#` wall, blank free, S, G, and `o` for the
// path. A field may stand in quotes, with "" for one of them. A column
// `confidence` may follow: how sure a model is of its answer.
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

// Reads a whole file; the first puzzle says which kind it is. InvalidArgument
// with the file and the line where the row begins: no or another header, a row
// with another number of fields, a character that is none of a puzzle, a length
// that is no square or another than that of the first row, a rating that is no
// number, no rows.
// Answers may be empty. Whether puzzles make sense is not looked at.
absl::StatusOr<PuzzleFile> ReadPuzzleCsv(const std::string& path);
// The same of bytes; `name` is what errors call them.
absl::StatusOr<PuzzleFile> ParsePuzzleCsv(absl::string_view bytes,
                                          absl::string_view name);

std::string PuzzleCsv(const PuzzleFile& file);

// The cells of one puzzle as the files hold them; blanks of a Sudoku as ".".
std::string PuzzleText(PuzzleKind kind, const Grid& grid);

}  // namespace arctrm
