// SPDX-License-Identifier: MIT
// Grid <-> the tokens the model sees: a square, or a part of it. ARC: PAD 0,
// EOS 1, colours 0-9 as 2-11. The grid stands at (row_offset, col_offset); one
// EOS row below and one EOS column right of it, as long as the grid's sides,
// where they fit; their corner stays PAD. (TRM dataset/build_arc_dataset.py.)
// Sudoku and mazes fill their canvas, value v as token v + 1.
// (build_sudoku_dataset.py, build_maze_dataset.py.)
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
// Token values of a kind: 12, 11 and 6.
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

// The smallest canvas for everything that is known of `tasks` (demonstrations
// and test inputs, never a hidden output): min(30, 1 + largest side + margin).
Canvas DatasetCanvas(absl::Span<const Task> tasks, int margin);

// Writes canvas.num_tokens() tokens to `out`. The grid must fit at `offset`; a
// Sudoku or maze must have the canvas's size.
void EncodeGrid(const Grid& grid, Canvas canvas, Offset offset, uint8_t* out);
// The same of ARC on a part of a canvas (fitted_canvas.h): size.cells() tokens.
void EncodeGrid(const Grid& grid, GridSize size, Offset offset, uint8_t* out);

// Input and output share one offset. `out_input`, `out_label` as above.
void EncodePair(const Pair& pair, Canvas canvas, Offset offset,
                uint8_t* out_input, uint8_t* out_label);
void EncodePair(const Pair& pair, GridSize size, Offset offset,
                uint8_t* out_input, uint8_t* out_label);

// Uniform over what the larger of the two leaves free (per axis).
Offset RandomOffset(const Pair& pair, Canvas canvas, Random& random);

// The largest all-colour rectangle from the top-left corner, as
// evaluators/arc.py `_crop` finds it: greedy over rows with a width that only
// shrinks, the first of equal areas wins. 0x0 when the corner is no colour.
Grid CropGrid(absl::Span<const uint8_t> tokens, GridSize size);
Grid CropGrid(absl::Span<const uint8_t> tokens, Canvas canvas);

// The whole canvas of a Sudoku or maze; PAD, which none has, becomes 0.
Grid DecodePuzzle(absl::Span<const uint8_t> tokens, Canvas canvas);

}  // namespace arctrm
