// SPDX-License-Identifier: MIT
// Converts between grids and tokens on a square canvas or a window of it. ARC:
// PAD is 0, EOS 1, colours 0-9 are 2-11. The grid stands at (row_offset,
// col_offset), with an EOS row below and an EOS column to the right if they
// fit; both are as long as the sides of the grid, and their corner is PAD (TRM
// dataset/build_arc_dataset.py). Sudoku and mazes fill their canvas with value
// v as token v + 1 (build_sudoku_dataset.py, build_maze_dataset.py).
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arc/grid.h"
#include "arc/task.h"
#include "augment/puzzle_kind.h"
#include "base/random.h"

namespace arctrm {

inline constexpr uint8_t kPadToken = 0;
inline constexpr uint8_t kEosToken = 1;
inline constexpr uint8_t kFirstColorToken = 2;
// Number of token values of a kind: 12, 11 and 6.
int Vocabulary(PuzzleKind kind);

struct Offset {
  int row = 0;
  int col = 0;
};

// side x side tokens, row-major. 1 <= side <= 30.
struct Canvas {
  int side = kMaxSide;
  PuzzleKind kind = PuzzleKind::kArc;
  int num_tokens() const { return side * side; }
  GridSize size() const { return {side, side}; }
  friend bool operator==(const Canvas&, const Canvas&) = default;
};

// The smallest canvas for the demonstrations and test inputs of `tasks`:
// min(30, 1 + largest side + margin).
Canvas DatasetCanvas(absl::Span<const Task> tasks, int margin);

// Writes canvas.num_tokens() tokens to `out`. The grid must fit at `offset`; a
// Sudoku or maze must have the size of the canvas.
void EncodeGrid(const Grid& grid, Canvas canvas, Offset offset, uint8_t* out);
// The same for an ARC grid in a window (task_window.h): writes size.cells()
// tokens.
void EncodeGrid(const Grid& grid, GridSize size, Offset offset, uint8_t* out);

// Input and output have the same offset. `out_input` and `out_label` as `out`
// above.
void EncodePair(const Pair& pair, Canvas canvas, Offset offset,
                uint8_t* out_input, uint8_t* out_label);
void EncodePair(const Pair& pair, GridSize size, Offset offset,
                uint8_t* out_input, uint8_t* out_label);

// Uniform over the offsets at which both grids fit.
Offset RandomOffset(const Pair& pair, Canvas canvas, Random& random);

// The largest rectangle of colours at the top-left corner, found as `_crop` in
// TRM's evaluators/arc.py does: row by row with a width that only shrinks; the
// first of equal areas wins. 0x0 if the corner is not a colour.
Grid CropGrid(absl::Span<const uint8_t> tokens, GridSize size);
Grid CropGrid(absl::Span<const uint8_t> tokens, Canvas canvas);

// Decodes the whole canvas of a Sudoku or maze; PAD becomes 0.
Grid DecodePuzzle(absl::Span<const uint8_t> tokens, Canvas canvas);

}  // namespace arctrm
