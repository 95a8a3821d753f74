// SPDX-License-Identifier: MIT
#include "puzzles/sudoku.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr int kMaxCells = 81;

using Mask = uint16_t;  // bit d - 1 is set if digit d is possible

bool Single(Mask mask) { return (mask & (mask - 1)) == 0; }

struct State {
  std::array<Mask, kMaxCells> candidates;
};

// The cells of rows, columns and boxes, and for each cell the cells that share
// one.
struct Layout {
  explicit Layout(const SudokuShape& s) : side(s.side), cells(s.side * s.side) {
    const int boxes_across = s.side / s.box_cols;
    units.resize(static_cast<size_t>(3 * side));
    for (int cell = 0; cell < cells; ++cell) {
      const int row = cell / side;
      const int col = cell % side;
      const int box = row / s.box_rows * boxes_across + col / s.box_cols;
      for (const int unit : {row, side + col, 2 * side + box}) {
        units[static_cast<size_t>(unit)].push_back(cell);
      }
    }
    peers.resize(static_cast<size_t>(cells));
    for (int cell = 0; cell < cells; ++cell) {
      std::vector<int>& mine = peers[static_cast<size_t>(cell)];
      for (const std::vector<int>& unit : units) {
        if (std::count(unit.begin(), unit.end(), cell) == 0) continue;
        mine.insert(mine.end(), unit.begin(), unit.end());
      }
      std::sort(mine.begin(), mine.end());
      mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
      mine.erase(std::find(mine.begin(), mine.end(), cell));
    }
  }

  int side;
  int cells;
  std::vector<std::vector<int>> units;
  std::vector<std::vector<int>> peers;
};

const Layout& LayoutOf(const SudokuShape& shape) {
  static const Layout four({4, 2, 2});
  static const Layout six({6, 2, 3});
  static const Layout nine({9, 3, 3});
  return shape.side == 4 ? four : shape.side == 6 ? six : nine;
}

Mask& At(State& state, int cell) {
  return state.candidates[static_cast<size_t>(cell)];
}

class Search {
 public:
  explicit Search(const SudokuShape& shape)
      : layout_(LayoutOf(shape)),
        all_(static_cast<Mask>((1 << shape.side) - 1)) {}

  // Sets the clues; false for a contradiction.
  bool Start(const Grid& question, State& state) const {
    state.candidates.fill(all_);
    for (int cell = 0; cell < layout_.cells; ++cell) {
      const uint8_t digit = question.cells()[static_cast<size_t>(cell)];
      if (digit == 0) continue;
      const Mask bit = static_cast<Mask>(1 << (digit - 1));
      // Already set by propagation.
      if (At(state, cell) == bit) continue;
      if ((At(state, cell) & bit) == 0 || !Set(state, cell, bit)) return false;
    }
    return true;
  }

  // Sets the digit of the cell, removes it from the cells that share a row,
  // column or box, and repeats this for cells with one digit left.
  bool Set(State& state, int cell, Mask bit) const {
    std::array<int, kMaxCells> waiting;
    size_t count = 0;
    At(state, cell) = bit;
    waiting[count++] = cell;
    while (count > 0) {
      const int from = waiting[--count];
      const Mask taken = At(state, from);
      for (const int peer : layout_.peers[static_cast<size_t>(from)]) {
        Mask& mask = At(state, peer);
        if ((mask & taken) == 0) continue;
        mask = static_cast<Mask>(mask & ~taken);
        if (mask == 0) return false;
        if (Single(mask)) waiting[count++] = peer;
      }
    }
    return true;
  }

  // Sets digits with only one possible cell in a row, column or box.
  bool SetHiddenSingles(State& state) const {
    for (bool changed = true; changed;) {
      changed = false;
      for (const std::vector<int>& unit : layout_.units) {
        Mask once = 0;
        Mask more = 0;
        for (const int cell : unit) {
          const Mask mask = At(state, cell);
          more = static_cast<Mask>(more | (once & mask));
          once = static_cast<Mask>(once | mask);
        }
        if (once != all_) return false;
        once = static_cast<Mask>(once & ~more);
        if (once == 0) continue;
        for (const int cell : unit) {
          const Mask mask = static_cast<Mask>(At(state, cell) & once);
          if (mask == 0 || Single(At(state, cell))) continue;
          if (!Single(mask) || !Set(state, cell, mask)) return false;
          changed = true;
        }
      }
    }
    return true;
  }

  // Counts solutions in `out`, up to `limit`. Tries values in ascending order,
  // or in random order if `random` is not null.
  void Run(State& state, int limit, int64_t max_guesses, Random* random,
           SudokuSolutions& out) const {
    if (!SetHiddenSingles(state)) return;
    int best = -1;
    int fewest = layout_.side + 1;
    for (int cell = 0; cell < layout_.cells && fewest > 2; ++cell) {
      const int count = std::popcount(At(state, cell));
      if (count > 1 && count < fewest) {
        best = cell;
        fewest = count;
      }
    }
    if (best < 0) {
      if (out.found++ == 0) out.first = Solution(state);
      return;
    }
    std::vector<Mask> values;
    for (int i = 0; i < layout_.side; ++i) {
      const Mask bit = static_cast<Mask>(1 << i);
      if (At(state, best) & bit) values.push_back(bit);
    }
    if (random != nullptr) random->Shuffle(values);
    for (const Mask value : values) {
      if (out.guesses >= max_guesses) {
        out.undecided = true;
        return;
      }
      ++out.guesses;
      State next = state;
      if (Set(next, best, value)) Run(next, limit, max_guesses, random, out);
      if (out.found >= limit || out.undecided) return;
    }
  }

 private:
  Grid Solution(const State& state) const {
    std::vector<uint8_t> cells;
    cells.reserve(static_cast<size_t>(layout_.cells));
    for (int cell = 0; cell < layout_.cells; ++cell) {
      cells.push_back(static_cast<uint8_t>(
          std::countr_zero(state.candidates[static_cast<size_t>(cell)]) + 1));
    }
    return Grid(layout_.side, layout_.side, std::move(cells));
  }

  const Layout& layout_;
  Mask all_;
};

// Random order of lines that keeps each band of `height` lines together.
std::array<uint8_t, 9> RandomLines(int side, int height, Random& random) {
  std::vector<int> bands(static_cast<size_t>(side / height));
  std::iota(bands.begin(), bands.end(), 0);
  random.Shuffle(bands);
  std::array<uint8_t, 9> lines = {};
  size_t at = 0;
  for (const int band : bands) {
    std::vector<int> inside(static_cast<size_t>(height));
    std::iota(inside.begin(), inside.end(), band * height);
    random.Shuffle(inside);
    for (const int line : inside) lines[at++] = static_cast<uint8_t>(line);
  }
  return lines;
}

}  // namespace

absl::StatusOr<SudokuShape> SudokuShapeOf(int side) {
  for (const SudokuShape& shape :
       {SudokuShape{4, 2, 2}, SudokuShape{6, 2, 3}, SudokuShape{9, 3, 3}}) {
    if (shape.side == side) return shape;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a Sudoku is 4x4, 6x6 or 9x9, not ", side, "x", side));
}

absl::Status CheckSudokuRules(const Grid& grid, const SudokuShape& shape) {
  if (grid.rows() != shape.side || grid.cols() != shape.side) {
    return absl::InvalidArgumentError(
        absl::StrCat("the grid is ", grid.rows(), "x", grid.cols(), ", not ",
                     shape.side, "x", shape.side));
  }
  const Layout& layout = LayoutOf(shape);
  for (size_t u = 0; u < layout.units.size(); ++u) {
    std::array<int, 10> seen = {};
    for (const int cell : layout.units[u]) {
      const uint8_t digit = grid.cells()[static_cast<size_t>(cell)];
      if (digit > shape.side) {
        return absl::InvalidArgumentError(absl::StrCat(
            "row ", cell / shape.side + 1, ", column ", cell % shape.side + 1,
            " holds ", static_cast<int>(digit), ", more than ", shape.side));
      }
      if (digit == 0 || ++seen[digit] == 1) continue;
      const int unit = static_cast<int>(u);
      const char* names[] = {"row", "column", "box"};
      return absl::InvalidArgumentError(
          absl::StrCat(static_cast<int>(digit), " occurs twice in ",
                       names[unit / shape.side], " ", unit % shape.side + 1));
    }
  }
  return absl::OkStatus();
}

SudokuSolutions SolveSudoku(const Grid& question, const SudokuShape& shape,
                            int limit, int64_t max_guesses) {
  SudokuSolutions out;
  const Search search(shape);
  State state;
  if (search.Start(question, state)) {
    search.Run(state, limit, max_guesses, nullptr, out);
  }
  return out;
}

Grid RandomSudoku(const SudokuShape& shape, Random& random) {
  const Search search(shape);
  State state;
  SudokuSolutions out;
  ARCTRM_CHECK(search.Start(Grid(shape.side, shape.side), state));
  search.Run(state, 1, INT64_MAX, &random, out);
  ARCTRM_CHECK(out.found == 1);
  // The order of the search causes a bias, which a shuffle removes.
  return RandomSudokuShuffle(shape, random).Apply(out.first);
}

absl::StatusOr<Puzzle> GenerateSudoku(const SudokuShape& shape, int min_rating,
                                      Random& random, int max_tries) {
  const Search search(shape);
  std::vector<int> order(static_cast<size_t>(shape.side * shape.side));
  for (int i = 0; i < max_tries; ++i) {
    Puzzle puzzle;
    puzzle.source = "generated";
    puzzle.answer = RandomSudoku(shape, random);
    puzzle.question = puzzle.answer;
    std::iota(order.begin(), order.end(), 0);
    random.Shuffle(order);
    for (const int cell : order) {
      uint8_t& digit = puzzle.question.at(cell / shape.side, cell % shape.side);
      const uint8_t clue = digit;
      digit = 0;
      // The clue is redundant if no other digit fits into its cell.
      State state;
      SudokuSolutions others;
      ARCTRM_CHECK(search.Start(puzzle.question, state));
      const Mask left = static_cast<Mask>(At(state, cell) & ~(1 << (clue - 1)));
      if (left == 0) continue;
      At(state, cell) = left;
      if (!Single(left) || search.Set(state, cell, left)) {
        search.Run(state, 1, INT64_MAX, nullptr, others);
      }
      if (others.found > 0) digit = clue;
    }
    const SudokuSolutions proof = SolveSudoku(puzzle.question, shape, 2);
    ARCTRM_CHECK(proof.found == 1);
    puzzle.rating = static_cast<int>(proof.guesses);
    if (puzzle.rating >= min_rating) return puzzle;
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("of ", max_tries, " Sudoku of ", shape.side, "x", shape.side,
                   " none was rated ", min_rating, " or more; ask for less"));
}

Grid SudokuShuffle::Apply(const Grid& grid) const {
  Grid out(grid.rows(), grid.cols());
  for (int r = 0; r < grid.rows(); ++r) {
    for (int c = 0; c < grid.cols(); ++c) {
      const int from_r = rows[static_cast<size_t>(r)];
      const int from_c = cols[static_cast<size_t>(c)];
      out.at(r, c) =
          digits[transpose ? grid.at(from_c, from_r) : grid.at(from_r, from_c)];
    }
  }
  return out;
}

SudokuShuffle RandomSudokuShuffle(const SudokuShape& shape, Random& random) {
  SudokuShuffle shuffle;
  std::vector<uint8_t> digits(static_cast<size_t>(shape.side));
  std::iota(digits.begin(), digits.end(), uint8_t{1});
  random.Shuffle(digits);
  std::copy(digits.begin(), digits.end(), shuffle.digits.begin() + 1);
  shuffle.transpose = shape.box_rows == shape.box_cols && random.Chance(0.5);
  shuffle.rows = RandomLines(shape.side, shape.box_rows, random);
  shuffle.cols = RandomLines(shape.side, shape.box_cols, random);
  return shuffle;
}

}  // namespace arctrm
