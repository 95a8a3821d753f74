// SPDX-License-Identifier: MIT
#include "puzzles/draw.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "puzzles/csv.h"
#include "puzzles/maze.h"
#include "puzzles/sudoku.h"

namespace arctrm {
namespace {

constexpr char kReset[] = "\x1b[0m";
constexpr char kFound[] = "\x1b[1;38;2;0;150;80m";  // green, bold
constexpr char kWall[] = "\x1b[48;2;70;70;70m";
constexpr char kPath[] = "\x1b[48;2;46;204;64m";
constexpr char kEnds[] = "\x1b[1;30;48;2;255;220;0m";

std::string SudokuCell(uint8_t digit, uint8_t clue, bool color) {
  if (digit == 0) return ".";
  const std::string text(1, static_cast<char>('0' + digit));
  return color && clue == 0 ? absl::StrCat(kFound, text, kReset) : text;
}

std::vector<std::string> SudokuLines(const Grid& grid, const Grid& question,
                                     const SudokuShape& shape, bool color) {
  std::vector<std::string> lines;
  for (int r = 0; r < shape.side; ++r) {
    std::string line;
    std::string rule;
    for (int c = 0; c < shape.side; ++c) {
      const bool divided = c > 0 && c % shape.box_cols == 0;
      absl::StrAppend(&line,
                      c == 0    ? ""
                      : divided ? " | "
                                : " ",
                      SudokuCell(grid.at(r, c), question.at(r, c), color));
      absl::StrAppend(&rule, c == 0 ? "-" : divided ? "-+--" : "--");
    }
    if (r > 0 && r % shape.box_rows == 0) lines.push_back(rule);
    lines.push_back(line);
  }
  return lines;
}

// A cell is one letter in plain text, and with colour two columns, about
// square.
std::vector<std::string> MazeLines(const Grid& grid, bool color) {
  const std::string text = PuzzleText(PuzzleKind::kMaze, grid);
  std::vector<std::string> lines;
  for (int r = 0; r < grid.rows(); ++r) {
    if (!color) {
      lines.push_back(text.substr(static_cast<size_t>(r * grid.cols()),
                                  static_cast<size_t>(grid.cols())));
      continue;
    }
    std::string line;
    for (int c = 0; c < grid.cols(); ++c) {
      switch (grid.at(r, c)) {
        case kMazeWall:
          absl::StrAppend(&line, kWall, "  ", kReset);
          break;
        case kMazePath:
          absl::StrAppend(&line, kPath, "  ", kReset);
          break;
        case kMazeStart:
          absl::StrAppend(&line, kEnds, "S ", kReset);
          break;
        case kMazeGoal:
          absl::StrAppend(&line, kEnds, "G ", kReset);
          break;
        default:
          absl::StrAppend(&line, "  ");
      }
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

std::string DrawPuzzle(PuzzleKind kind, const Puzzle& puzzle, bool color) {
  const absl::StatusOr<SudokuShape> shape =
      SudokuShapeOf(puzzle.question.rows());
  const auto lines_of = [&](const Grid& grid) {
    if (kind == PuzzleKind::kMaze) return MazeLines(grid, color);
    // A Sudoku of unknown size is drawn without boxes.
    const int side = puzzle.question.rows();
    return SudokuLines(grid, puzzle.question,
                       shape.ok() ? *shape : SudokuShape{side, side, side},
                       color);
  };
  const std::vector<std::string> left = lines_of(puzzle.question);
  std::vector<std::string> right;
  if (!puzzle.answer.empty()) right = lines_of(puzzle.answer);
  std::string text;
  for (size_t i = 0; i < left.size(); ++i) {
    absl::StrAppend(&text, left[i], right.empty() ? "" : "    ",
                    right.empty() ? "" : right[i], "\n");
  }
  return text;
}

}  // namespace arctrm
