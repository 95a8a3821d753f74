// SPDX-License-Identifier: MIT
// Draws grids as text: per cell two blanks with a coloured background on a
// terminal, or a digit elsewhere.
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

// Each line ends with "
// ". `color`: use 24-bit ANSI colours.
std::string DrawGrid(const Grid& grid, bool color);
// Draws grids with titles side by side, tops aligned; wraps after `width`
// columns.
std::string DrawRow(const std::vector<Grid>& grids,
                    const std::vector<std::string>& titles, bool color,
                    int width = 100);
// Draws demonstrations as input -> output, then test inputs, with outputs if
// `solutions` has them.
std::string DrawTask(const Task& task, const SolutionSet& solutions, bool color,
                     int width = 100);

}  // namespace arctrm
