// SPDX-License-Identifier: MIT
#include "arc/grid.h"

#include <cstring>
#include <utility>

#include "base/status.h"

namespace arctrm {

Grid::Grid(int rows, int cols, uint8_t fill)
    : Grid(rows, cols,
           std::vector<uint8_t>(static_cast<size_t>(rows * cols), fill)) {}

Grid::Grid(int rows, int cols, std::vector<uint8_t> cells)
    : rows_(rows), cols_(cols), cells_(std::move(cells)) {
  ARCTRM_CHECK(rows >= 0 && rows <= kMaxSide && cols >= 0 && cols <= kMaxSide);
  ARCTRM_CHECK((rows == 0) == (cols == 0));
  ARCTRM_CHECK(cells_.size() == static_cast<size_t>(rows * cols));
}

Grid Grid::FromText(absl::string_view text) {
  std::vector<uint8_t> cells;
  int rows = 0;
  int cols = 0;
  int in_row = 0;
  const auto end_row = [&] {
    if (rows == 0) cols = in_row;
    ARCTRM_CHECK(in_row == cols && cols > 0);
    ++rows;
    in_row = 0;
  };
  for (char c : text) {
    if (c == ' ' || c == '\n') {
      end_row();
      continue;
    }
    ARCTRM_CHECK(c >= '0' && c <= '9');
    cells.push_back(static_cast<uint8_t>(c - '0'));
    ++in_row;
  }
  if (!text.empty()) end_row();
  return Grid(rows, cols, std::move(cells));
}

std::strong_ordering operator<=>(const Grid& a, const Grid& b) {
  if (const auto order = a.rows_ <=> b.rows_; std::is_neq(order)) return order;
  if (const auto order = a.cols_ <=> b.cols_; std::is_neq(order)) return order;
  if (a.empty()) return std::strong_ordering::equal;
  // Comparing the vectors causes false warnings from g++ 12.
  return std::memcmp(a.cells_.data(), b.cells_.data(), a.cells_.size()) <=> 0;
}

std::string Grid::ToText() const {
  std::string text;
  for (int r = 0; r < rows_; ++r) {
    if (r > 0) text.push_back('\n');
    for (int c = 0; c < cols_; ++c) {
      text.push_back(static_cast<char>('0' + at(r, c)));
    }
  }
  return text;
}

std::string Grid::ContentBytes() const {
  std::string bytes;
  bytes.reserve(2 + cells_.size());
  bytes.push_back(static_cast<char>(rows_));
  bytes.push_back(static_cast<char>(cols_));
  for (uint8_t cell : cells_) bytes.push_back(static_cast<char>(cell));
  return bytes;
}

}  // namespace arctrm
