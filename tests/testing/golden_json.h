// SPDX-License-Identifier: MIT
// Values out of reference files that are JSON.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "arc/grid.h"
#include "simdjson.h"

namespace arctrm {

// A list of rows; no rows give the empty grid.
inline Grid GoldenGrid(simdjson::dom::element rows) {
  std::vector<uint8_t> cells;
  int num_rows = 0;
  for (simdjson::dom::element row : simdjson::dom::array(rows)) {
    ++num_rows;
    for (simdjson::dom::element cell : simdjson::dom::array(row)) {
      cells.push_back(static_cast<uint8_t>(uint64_t(cell)));
    }
  }
  if (cells.empty()) return Grid();
  const int cols = static_cast<int>(cells.size()) / num_rows;
  return Grid(num_rows, cols, std::move(cells));
}

}  // namespace arctrm
