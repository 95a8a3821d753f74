// SPDX-License-Identifier: MIT
#include "submission/puzzle_svg.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "puzzles/maze.h"
#include "puzzles/sudoku.h"

namespace arctrm {
namespace {

bool SameShape(const Grid& a, const Grid& b) {
  return a.rows() == b.rows() && a.cols() == b.cols();
}

std::string Open(int side, int cell, absl::string_view label) {
  const int size = side * cell + 2;
  return absl::StrFormat(
      "<svg class=\"puzzle\" width=\"%d\" height=\"%d\" viewBox=\"-1 -1 %d "
      "%d\" role=\"img\" aria-label=\"%s of %d rows\">",
      size, size, size, size, label, side);
}

// Squares on the wrong cells of an answer.
std::string WrongCells(const Puzzle& puzzle, const Grid& shown, int cell) {
  std::string path;
  if (!SameShape(puzzle.answer, shown) || shown == puzzle.question) return path;
  for (int r = 0; r < shown.rows(); ++r) {
    for (int c = 0; c < shown.cols(); ++c) {
      if (shown.at(r, c) == puzzle.answer.at(r, c)) continue;
      absl::StrAppend(&path, "M", c * cell, " ", r * cell, "h", cell, "v", cell,
                      "h-", cell, "z");
    }
  }
  if (path.empty()) return path;
  return absl::StrCat("<path class=\"bad\" d=\"", path, "\"/>");
}

std::string Rules(int side, int cell, int every_col, int every_row) {
  std::string path;
  for (int c = 0; c <= side; c += every_col) {
    absl::StrAppend(&path, "M", c * cell, " 0v", side * cell);
  }
  for (int r = 0; r <= side; r += every_row) {
    absl::StrAppend(&path, "M0 ", r * cell, "h", side * cell);
  }
  return path;
}

// Writes one <text> per row and class with a position per digit, which is much
// shorter than one <text> per digit.
std::string Digits(const Puzzle& puzzle, const Grid& shown, int cell) {
  std::string svg;
  for (const bool clues : {true, false}) {
    std::string lines;
    for (int r = 0; r < shown.rows(); ++r) {
      std::string places;
      std::string digits;
      for (int c = 0; c < shown.cols(); ++c) {
        const uint8_t digit = shown.at(r, c);
        const bool clue = puzzle.question.at(r, c) == digit;
        if (digit == 0 || clue != clues) continue;
        absl::StrAppend(&places, places.empty() ? "" : " ",
                        c * cell + cell / 2);
        digits += static_cast<char>('0' + digit);
      }
      if (digits.empty()) continue;
      absl::StrAppend(&lines, "<text x=\"", places, "\" y=\"",
                      r * cell + cell * 7 / 10, "\">", digits, "</text>");
    }
    if (lines.empty()) continue;
    absl::StrAppend(&svg, "<g class=\"", clues ? "clue" : "found", "\">", lines,
                    "</g>");
  }
  return svg;
}

std::string SudokuSvg(const Puzzle& puzzle, const Grid& shown, int pixels) {
  const int side = shown.rows();
  const int cell = std::clamp(pixels / side, 16, 32);
  const absl::StatusOr<SudokuShape> known = SudokuShapeOf(side);
  const SudokuShape shape = known.ok() ? *known : SudokuShape{side, side, side};
  return absl::StrCat(
      Open(side, cell, "Sudoku"), "<path class=\"paper\" d=\"M0 0h",
      side * cell, "v", side * cell, "H0z\"/>", WrongCells(puzzle, shown, cell),
      "<path class=\"thin\" d=\"", Rules(side, cell, 1, 1),
      "\"/><path class=\"thick\" d=\"",
      Rules(side, cell, shape.box_cols, shape.box_rows), "\"/><g font-size=\"",
      cell * 3 / 5, "\">", Digits(puzzle, shown, cell), "</g></svg>");
}

// Draws rows of walls as strokes one cell wide.
std::string Walls(const Grid& grid, int cell) {
  std::string path;
  for (int r = 0; r < grid.rows(); ++r) {
    for (int c = 0; c < grid.cols();) {
      int end = c + 1;
      if (grid.at(r, c) == kMazeWall) {
        while (end < grid.cols() && grid.at(r, end) == kMazeWall) ++end;
        absl::StrAppendFormat(&path, "M%d %gh%d", c * cell, (r + .5) * cell,
                              (end - c) * cell);
      }
      c = end;
    }
  }
  return path;
}

// Draws a line through neighbouring cells of the path, or a dot for a single
// cell.
std::string Way(const Grid& grid, int cell) {
  const auto on_way = [&](int r, int c) {
    return r < grid.rows() && c < grid.cols() && grid.at(r, c) >= kMazeStart;
  };
  std::string path;
  for (int r = 0; r < grid.rows(); ++r) {
    for (int c = 0; c < grid.cols(); ++c) {
      if (!on_way(r, c)) continue;
      const std::string move =
          absl::StrFormat("M%g %g", (c + .5) * cell, (r + .5) * cell);
      const auto joined = [&](int to_r, int to_c) {
        // Do not join adjacent S and G directly.
        return on_way(to_r, to_c) &&
               (grid.at(r, c) == kMazePath || grid.at(to_r, to_c) == kMazePath);
      };
      if (joined(r, c + 1)) absl::StrAppend(&path, move, "h", cell);
      if (joined(r + 1, c)) absl::StrAppend(&path, move, "v", cell);
      if (grid.at(r, c) == kMazePath) absl::StrAppend(&path, move, "h0");
    }
  }
  return path;
}

std::string MazeSvg(const Puzzle& puzzle, const Grid& shown, int pixels) {
  const int side = shown.rows();
  const int cell = std::clamp(pixels / side, 6, 28);
  std::string svg = absl::StrCat(
      Open(side, cell, "maze"), "<path class=\"paper\" d=\"M0 0h", side * cell,
      "v", side * cell, "H0z\"/><path class=\"wall\" stroke-width=\"", cell,
      "\" d=\"", Walls(shown, cell), "\"/>");
  const std::string way = Way(shown, cell);
  if (!way.empty()) {
    absl::StrAppendFormat(
        &svg, "<path class=\"way\" stroke-width=\"%.3g\" d=\"%s\"/>",
        cell * .36, way);
  }
  for (int r = 0; r < side; ++r) {
    for (int c = 0; c < side; ++c) {
      const uint8_t value = shown.at(r, c);
      if (value != kMazeStart && value != kMazeGoal) continue;
      absl::StrAppendFormat(
          &svg, "<circle class=\"%s\" cx=\"%g\" cy=\"%g\" r=\"%.3g\"/>",
          value == kMazeStart ? "start" : "goal", (c + .5) * cell,
          (r + .5) * cell, cell * .42);
    }
  }
  return absl::StrCat(svg, WrongCells(puzzle, shown, cell), "</svg>");
}

}  // namespace

std::string PuzzleSvg(PuzzleKind kind, const Puzzle& puzzle, const Grid& shown,
                      int pixels) {
  if (shown.empty() || !SameShape(shown, puzzle.question)) return "";
  return kind == PuzzleKind::kMaze ? MazeSvg(puzzle, shown, pixels)
                                   : SudokuSvg(puzzle, shown, pixels);
}

}  // namespace arctrm
