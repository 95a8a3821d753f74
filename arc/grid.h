// SPDX-License-Identifier: MIT
// A grid of colours 0-9, 1x1 to 30x30.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace arctrm {

inline constexpr int kMaxSide = 30;
inline constexpr int kNumColors = 10;

// Rows and columns of a grid or a canvas.
struct GridSize {
  int rows = 0;
  int cols = 0;
  int cells() const { return rows * cols; }
  GridSize Transposed() const { return {cols, rows}; }
  // Orders by rows, then columns.
  friend auto operator<=>(const GridSize&, const GridSize&) = default;
};

// A value type. An empty grid (0x0) means "no answer"; it gets no votes and is
// never written.
class Grid {
 public:
  Grid() = default;
  // rows x cols cells of one colour. 0 <= rows, cols <= 30; both 0 or neither.
  Grid(int rows, int cols, uint8_t fill = 0);
  // Row-major; cells.size() == rows * cols.
  Grid(int rows, int cols, std::vector<uint8_t> cells);
  // "123
  // 456" or "123 456": one digit per cell, rows separated by a space or a
  // newline. For literals: malformed text fails a CHECK.
  static Grid FromText(absl::string_view text);

  int rows() const { return rows_; }
  int cols() const { return cols_; }
  int size() const { return rows_ * cols_; }
  bool empty() const { return cells_.empty(); }
  uint8_t at(int row, int col) const {
    return cells_[static_cast<size_t>(row * cols_ + col)];
  }
  uint8_t& at(int row, int col) {
    return cells_[static_cast<size_t>(row * cols_ + col)];
  }
  bool Contains(int row, int col) const {
    return row >= 0 && row < rows_ && col >= 0 && col < cols_;
  }
  const std::vector<uint8_t>& cells() const { return cells_; }
  int max_side() const { return rows_ > cols_ ? rows_ : cols_; }

  // Orders by rows, then columns, then cells. The vote breaks ties by this
  // order.
  friend std::strong_ordering operator<=>(const Grid& a, const Grid& b);
  friend bool operator==(const Grid&, const Grid&) = default;

  // Rows of digits joined by "\n".
  std::string ToText() const;
  // The bytes rows, cols, cells..., from which content hashes are computed.
  std::string ContentBytes() const;

 private:
  int rows_ = 0;
  int cols_ = 0;
  std::vector<uint8_t> cells_;
};

}  // namespace arctrm
