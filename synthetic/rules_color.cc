// SPDX-License-Identifier: MIT
// Rules that change colours of cells.
#include <algorithm>
#include <numeric>
#include <vector>

#include "synthetic/internal/rule_kit.h"

namespace arctrm::internal {
namespace {

// A grid with every colour of `needed`, and `others` other colours.
Grid WithColors(const std::vector<uint8_t>& needed, int others,
                const SyntheticOptions& options, Random& random) {
  std::vector<uint8_t> palette = needed;
  for (uint8_t c : RandomColors(random, others, needed)) palette.push_back(c);
  Grid grid = Scatter(RandomSize(options, random), 0.6, palette, random);
  std::vector<int> places(static_cast<size_t>(grid.size()));
  std::iota(places.begin(), places.end(), 0);
  random.Shuffle(places);
  for (size_t i = 0; i < needed.size(); ++i) {
    grid.at(places[i] / grid.cols(), places[i] % grid.cols()) = needed[i];
  }
  return grid;
}

Grid Map(const Grid& in, uint8_t (*map)(int, uint8_t), int p) {
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) out.at(r, c) = map(p, in.at(r, c));
  }
  return out;
}

Grid SampleRecolor(int p, const SyntheticOptions& options, Random& random) {
  return WithColors({OrderedPair(p).first}, random.Between(1, 3), options,
                    random);
}
Grid SolveRecolor(int p, const Grid& in) {
  return Map(
      in,
      [](int q, uint8_t c) {
        const auto [from, to] = OrderedPair(q);
        return c == from ? to : c;
      },
      p);
}

Grid SampleSwap(int p, const SyntheticOptions& options, Random& random) {
  const auto [a, b] = UnorderedPair(p);
  return WithColors({a, b}, random.Between(0, 2), options, random);
}
Grid SolveSwap(int p, const Grid& in) {
  return Map(
      in,
      [](int q, uint8_t c) {
        const auto [a, b] = UnorderedPair(q);
        return c == a ? b : c == b ? a : c;
      },
      p);
}

Grid SampleInvert(int, const SyntheticOptions& options, Random& random) {
  return Scatter(RandomSize(options, random), 0.45, {RandomColor(random)},
                 random);
}
// Grids with one colour: exchanges cells and background.
Grid SolveInvert(int, const Grid& in) {
  const uint8_t color = *std::max_element(in.cells().begin(), in.cells().end());
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      out.at(r, c) = in.at(r, c) == 0 ? color : 0;
    }
  }
  return out;
}

Grid SampleKeep(int p, const SyntheticOptions& options, Random& random) {
  return WithColors({static_cast<uint8_t>(p + 1)}, random.Between(1, 3),
                    options, random);
}
Grid SolveKeep(int p, const Grid& in) {
  return Map(
      in, [](int q, uint8_t c) { return c == q + 1 ? c : uint8_t{0}; }, p);
}

Grid SampleMajority(int, const SyntheticOptions& options, Random& random) {
  for (;;) {
    const std::vector<uint8_t> colors =
        RandomColors(random, random.Between(2, 3));
    Grid grid = Scatter(RandomSize(options, random), 1, colors, random);
    std::vector<int> counts;
    counts.reserve(colors.size());
    for (uint8_t c : colors) counts.push_back(CountColor(grid, c));
    std::sort(counts.rbegin(), counts.rend());
    if (counts[0] >= counts[1] + 3) return grid;
  }
}
Grid SolveMajority(int, const Grid& in) {
  uint8_t best = 1;
  for (uint8_t c = 2; c <= 9; ++c) {
    if (CountColor(in, c) > CountColor(in, best)) best = c;
  }
  return Grid(in.rows(), in.cols(), best);
}

// Cells of one colour (p / 4) get the colour of the marker at the end of their
// column or row: at the top, right, bottom or left (p % 4).
uint8_t Painted(int p) { return static_cast<uint8_t>(p / 4 + 1); }

Cell Head(int p, const Grid& grid, int r, int c) {
  const Cell heads[4] = {
      {0, c}, {r, grid.cols() - 1}, {grid.rows() - 1, c}, {r, 0}};
  return heads[p % 4];
}

Grid SampleMarker(int p, const SyntheticOptions& options, Random& random) {
  Grid grid = Scatter(RandomSize(options, random), 0.5, {Painted(p)}, random);
  const std::vector<uint8_t> colors = RandomColors(random, 4, {Painted(p)});
  const int lines = p % 2 == 0 ? grid.cols() : grid.rows();
  for (int i = 0; i < lines; ++i) {
    const Cell head = Head(p, grid, i, i);
    grid.at(head.row, head.col) = colors[random.Below(colors.size())];
  }
  return grid;
}
Grid SolveMarker(int p, const Grid& in) {
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (in.at(r, c) != Painted(p)) continue;
      const Cell head = Head(p, in, r, c);
      out.at(r, c) = in.at(head.row, head.col);
    }
  }
  return out;
}

}  // namespace

void AddColorRules(std::vector<Rule>& rules) {
  rules.push_back({"recolor", "one colour becomes another", 72, SampleRecolor,
                   SolveRecolor});
  rules.push_back(
      {"swap_colors", "two colours change places", 36, SampleSwap, SolveSwap});
  rules.push_back({"invert", "cells and background change places", 1,
                   SampleInvert, SolveInvert});
  rules.push_back(
      {"keep_color", "only one colour stays", 9, SampleKeep, SolveKeep});
  rules.push_back({"majority", "everything takes the most frequent colour", 1,
                   SampleMajority, SolveMajority});
  rules.push_back({"marker_color",
                   "cells take the colour that heads their column or row", 36,
                   SampleMarker, SolveMarker});
}

}  // namespace arctrm::internal
