// SPDX-License-Identifier: MIT
// Grids as text: two blanks in the ARC palette's background colour per cell on
// a terminal, digits in a log.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "arc/grid.h"
#include "arc/task.h"

namespace arctrm {

// The palette of arcprize.org, 0xRRGGBB: 0 black, 1 blue, 2 red, 3 green,
// 4 yellow, 5 grey, 6 magenta, 7 orange, 8 light blue, 9 maroon.
inline constexpr std::array<uint32_t, kNumColors> kPalette = {
    0x000000, 0x0074D9, 0xFF4136, 0x2ECC40, 0xFFDC00,
    0xAAAAAA, 0xF012BE, 0xFF851B, 0x7FDBFF, 0x870C25};

// Lines joined by "\n", each ending with "\n". `color`: 24-bit ANSI.
std::string DrawGrid(const Grid& grid, bool color);
// Grids side by side, tops aligned, titled, `gap` blanks apart; wraps to a new
// band when `width` columns are full.
std::string DrawRow(const std::vector<Grid>& grids,
                    const std::vector<std::string>& titles, bool color,
                    int width = 100);
// Demonstrations as input -> output, then test inputs, and outputs where
// `solutions` knows them.
std::string DrawTask(const Task& task, const SolutionSet& solutions, bool color,
                     int width = 100);

}  // namespace arctrm
