// SPDX-License-Identifier: MIT
#include "arc/draw.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/printable.h"

namespace arctrm {
namespace {

constexpr int kGap = 3;
constexpr absl::string_view kArrow = " -> ";

// Lines of text, each `width` columns wide without its escape codes.
struct Block {
  int width = 0;
  std::vector<std::string> lines;
};

void Append(absl::string_view text, int columns, Block* block) {
  block->width = std::max(block->width, columns);
  block->lines.emplace_back(text);
}

// Columns of an ASCII line without escape codes.
int Columns(absl::string_view text) { return static_cast<int>(text.size()); }

std::string RowText(const Grid& grid, int row, bool color) {
  std::string text;
  int last = -1;
  for (int c = 0; c < grid.cols(); ++c) {
    const uint8_t cell = grid.at(row, c);
    if (!color) {
      text.push_back(static_cast<char>('0' + cell));
      continue;
    }
    if (cell != last) {
      const uint32_t rgb = kPalette[cell];
      absl::StrAppend(&text, "\x1b[48;2;", rgb >> 16, ";", rgb >> 8 & 0xFF, ";",
                      rgb & 0xFF, "m");
      last = cell;
    }
    text += "  ";
  }
  if (color) text += "\x1b[0m";
  return text;
}

Block GridBlock(const Grid& grid, absl::string_view title, bool color) {
  Block block;
  if (!title.empty()) Append(title, Columns(title), &block);
  if (grid.empty()) Append("none", 4, &block);
  for (int r = 0; r < grid.rows(); ++r) {
    Append(RowText(grid, r, color), grid.cols() * (color ? 2 : 1), &block);
  }
  // Pads the lines, so that the block beside this one is aligned.
  for (size_t i = 0; i < block.lines.size(); ++i) {
    const bool is_title = i == 0 && !title.empty();
    const int columns = is_title       ? Columns(title)
                        : grid.empty() ? 4
                                       : grid.cols() * (color ? 2 : 1);
    block.lines[i].append(static_cast<size_t>(block.width - columns), ' ');
  }
  return block;
}

// Puts blocks side by side, tops aligned. `divider` stands between them in line
// `divider_line`.
Block Beside(const Block& left, const Block& right, absl::string_view divider,
             size_t divider_line) {
  Block out;
  out.width = left.width + Columns(divider) + right.width;
  const size_t height = std::max(left.lines.size(), right.lines.size());
  const auto line_of = [](const Block& block, size_t i) {
    return i < block.lines.size()
               ? block.lines[i]
               : std::string(static_cast<size_t>(block.width), ' ');
  };
  for (size_t i = 0; i < height; ++i) {
    out.lines.push_back(absl::StrCat(line_of(left, i),
                                     i == divider_line
                                         ? std::string(divider)
                                         : std::string(divider.size(), ' '),
                                     line_of(right, i)));
  }
  return out;
}

// Arranges blocks in bands of at most `width` columns, with a blank line
// between bands.
std::string Flow(const std::vector<Block>& blocks, int width) {
  std::string text;
  const std::string gap(kGap, ' ');
  for (size_t i = 0; i < blocks.size();) {
    Block band = blocks[i++];
    while (i < blocks.size() && band.width + kGap + blocks[i].width <= width) {
      band = Beside(band, blocks[i++], gap, 0);
    }
    if (!text.empty()) text.push_back('\n');
    for (std::string& line : band.lines) {
      while (!line.empty() && line.back() == ' ') line.pop_back();
      text += line;
      text.push_back('\n');
    }
  }
  return text;
}

Block Example(const Pair& pair, absl::string_view title, bool color) {
  return Beside(GridBlock(pair.input, title, color),
                GridBlock(pair.output, "output", color), kArrow, 1);
}

}  // namespace

std::string DrawGrid(const Grid& grid, bool color) {
  return Flow({GridBlock(grid, "", color)}, 0);
}

std::string DrawRow(const std::vector<Grid>& grids,
                    const std::vector<std::string>& titles, bool color,
                    int width) {
  std::vector<Block> blocks;
  for (size_t i = 0; i < grids.size(); ++i) {
    // A blank title keeps the grids of a row aligned.
    const std::string title = i < titles.size() ? titles[i] : "";
    blocks.push_back(GridBlock(
        grids[i], title.empty() && !titles.empty() ? " " : title, color));
  }
  return Flow(blocks, width);
}

std::string DrawTask(const Task& task, const SolutionSet& solutions, bool color,
                     int width) {
  std::vector<Block> blocks;
  for (size_t i = 0; i < task.demonstrations.size(); ++i) {
    blocks.push_back(
        Example(task.demonstrations[i], absl::StrCat("train ", i), color));
  }
  std::string text = absl::StrCat("task ", Printable(task.id), "\n",
                                  Flow(blocks, width), "\n");
  blocks.clear();
  const auto known = solutions.find(task.id);
  for (size_t i = 0; i < task.test_inputs.size(); ++i) {
    const std::string title = absl::StrCat("test ", i);
    if (known != solutions.end() && i < known->second.size()) {
      blocks.push_back(
          Example({task.test_inputs[i], known->second[i]}, title, color));
    } else {
      blocks.push_back(GridBlock(task.test_inputs[i], title, color));
    }
  }
  return text + Flow(blocks, width);
}

}  // namespace arctrm
