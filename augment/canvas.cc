// SPDX-License-Identifier: MIT
#include "augment/canvas.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/status.h"

namespace arctrm {

int Vocabulary(PuzzleKind kind) {
  switch (kind) {
    case PuzzleKind::kArc:
      return kFirstColorToken + kNumColors;
    case PuzzleKind::kSudoku:
      return 1 + kNumColors;
    case PuzzleKind::kMaze:
      return 1 + 5;
  }
  return 0;
}

Canvas DatasetCanvas(absl::Span<const Task> tasks, int margin) {
  int largest = 1;
  for (const Task& task : tasks) {
    for (const Pair& pair : task.demonstrations) {
      largest =
          std::max({largest, pair.input.max_side(), pair.output.max_side()});
    }
    for (const Grid& input : task.test_inputs) {
      largest = std::max(largest, input.max_side());
    }
  }
  return Canvas{std::min(kMaxSide, largest + 1 + margin)};
}

void EncodeGrid(const Grid& grid, Canvas canvas, Offset offset, uint8_t* out) {
  if (canvas.kind == PuzzleKind::kArc) {
    EncodeGrid(grid, canvas.size(), offset, out);
    return;
  }
  ARCTRM_CHECK(grid.rows() == canvas.side && grid.cols() == canvas.side);
  for (size_t i = 0; i < grid.cells().size(); ++i) {
    out[i] = static_cast<uint8_t>(grid.cells()[i] + 1);
  }
}

void EncodeGrid(const Grid& grid, GridSize size, Offset offset, uint8_t* out) {
  const int bottom = offset.row + grid.rows();
  const int right = offset.col + grid.cols();
  ARCTRM_CHECK(offset.row >= 0 && offset.col >= 0 && bottom <= size.rows &&
               right <= size.cols);
  std::memset(out, kPadToken, static_cast<size_t>(size.cells()));
  for (int r = 0; r < grid.rows(); ++r) {
    uint8_t* row = out + (offset.row + r) * size.cols;
    for (int c = 0; c < grid.cols(); ++c) {
      row[offset.col + c] =
          static_cast<uint8_t>(grid.at(r, c) + kFirstColorToken);
    }
    if (right < size.cols) row[right] = kEosToken;
  }
  if (bottom < size.rows) {
    std::memset(out + bottom * size.cols + offset.col, kEosToken,
                static_cast<size_t>(grid.cols()));
  }
}

void EncodePair(const Pair& pair, Canvas canvas, Offset offset,
                uint8_t* out_input, uint8_t* out_label) {
  EncodeGrid(pair.input, canvas, offset, out_input);
  EncodeGrid(pair.output, canvas, offset, out_label);
}

void EncodePair(const Pair& pair, GridSize size, Offset offset,
                uint8_t* out_input, uint8_t* out_label) {
  EncodeGrid(pair.input, size, offset, out_input);
  EncodeGrid(pair.output, size, offset, out_label);
}

Offset RandomOffset(const Pair& pair, Canvas canvas, Random& random) {
  const int rows = std::max(pair.input.rows(), pair.output.rows());
  const int cols = std::max(pair.input.cols(), pair.output.cols());
  Offset offset;
  offset.row = random.Between(0, canvas.side - rows);
  offset.col = random.Between(0, canvas.side - cols);
  return offset;
}

Grid CropGrid(absl::Span<const uint8_t> tokens, Canvas canvas) {
  return CropGrid(tokens, canvas.size());
}

Grid CropGrid(absl::Span<const uint8_t> tokens, GridSize size) {
  ARCTRM_CHECK(static_cast<int>(tokens.size()) == size.cells());
  const auto is_color = [&](int r, int c) {
    const uint8_t token = tokens[static_cast<size_t>(r * size.cols + c)];
    return token >= kFirstColorToken && token < kFirstColorToken + kNumColors;
  };
  int best_rows = 0;
  int best_cols = 0;
  int width = size.cols;
  for (int r = 0; r < size.rows; ++r) {
    int c = 0;
    while (c < width && is_color(r, c)) ++c;
    width = c;
    if (width == 0) break;
    if ((r + 1) * width > best_rows * best_cols) {
      best_rows = r + 1;
      best_cols = width;
    }
  }
  Grid grid(best_rows, best_cols);
  for (int r = 0; r < best_rows; ++r) {
    for (int c = 0; c < best_cols; ++c) {
      grid.at(r, c) = static_cast<uint8_t>(
          tokens[static_cast<size_t>(r * size.cols + c)] - kFirstColorToken);
    }
  }
  return grid;
}

Grid DecodePuzzle(absl::Span<const uint8_t> tokens, Canvas canvas) {
  std::vector<uint8_t> cells;
  cells.reserve(tokens.size());
  for (const uint8_t token : tokens) {
    cells.push_back(static_cast<uint8_t>(std::max<int>(token, 1) - 1));
  }
  return Grid(canvas.side, canvas.side, std::move(cells));
}

}  // namespace arctrm
