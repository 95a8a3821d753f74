// SPDX-License-Identifier: MIT
// Rules with symmetry, repetition and overlaid halves.
#include <vector>

#include "synthetic/internal/rule_kit.h"

namespace arctrm::internal {
namespace {

// The missing half for p: right, left, bottom, top.
bool InMissingHalf(int p, const Grid& grid, int r, int c) {
  switch (p) {
    case 0:
      return c >= (grid.cols() + 1) / 2;
    case 1:
      return c < grid.cols() / 2;
    case 2:
      return r >= (grid.rows() + 1) / 2;
    default:
      return r < grid.rows() / 2;
  }
}

Grid SampleHalf(int p, const SyntheticOptions& options, Random& random) {
  Grid grid = Scatter(RandomSize(AtLeast(4, options), random), 0.6,
                      RandomColors(random, random.Between(1, 3)), random);
  for (int r = 0; r < grid.rows(); ++r) {
    for (int c = 0; c < grid.cols(); ++c) {
      if (InMissingHalf(p, grid, r, c)) grid.at(r, c) = 0;
    }
  }
  return grid;
}
// The missing half becomes the mirror image of the other one.
Grid SolveSymmetry(int p, const Grid& in) {
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (!InMissingHalf(p, in, r, c)) continue;
      out.at(r, c) =
          p < 2 ? in.at(r, in.cols() - 1 - c) : in.at(in.rows() - 1 - r, c);
    }
  }
  return out;
}

// Stripes of period 2 or 3, of which only the first are shown. p is the side
// where they begin: top, bottom, left, right.
int StripeAt(int p, const Grid& grid, int r, int c) {
  const int from_start = p < 2 ? r : c;
  const int length = p < 2 ? grid.rows() : grid.cols();
  return p % 2 == 0 ? from_start : length - 1 - from_start;
}

Grid SampleStripes(int p, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(AtLeast(6, options), random);
  const int period = random.Between(2, 3);
  const std::vector<uint8_t> colors = RandomColors(random, period);
  Grid grid(size.rows, size.cols);
  const int length = p < 2 ? size.rows : size.cols;
  const int shown = random.Between(period + 1, length - 1);
  for (int r = 0; r < size.rows; ++r) {
    for (int c = 0; c < size.cols; ++c) {
      const int at = StripeAt(p, grid, r, c);
      if (at < shown) {
        grid.at(r, c) = colors[static_cast<size_t>(at % period)];
      }
    }
  }
  return grid;
}
// Continues the period in the empty rows or columns.
Grid SolveStripes(int p, const Grid& in) {
  const int length = p < 2 ? in.rows() : in.cols();
  const auto color_at = [&](int i) {
    const int at = p % 2 == 0 ? i : length - 1 - i;
    return p < 2 ? in.at(at, 0) : in.at(0, at);
  };
  int shown = 0;
  while (shown < length && color_at(shown) != 0) ++shown;
  if (shown == 0) return in;
  int period = 1;
  while (period < shown && color_at(period) != color_at(0)) ++period;
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      const int at = StripeAt(p, in, r, c);
      if (at >= shown) out.at(r, c) = color_at(at % period);
    }
  }
  return out;
}

// Two halves side by side (p < 3) or one above the other. The answer has cells
// where either, both or exactly one of them has.
Grid SampleHalves(int p, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(options, random);
  const int half = random.Between(3, 4);
  const Size whole =
      p < 3 ? Size{size.rows, 2 * half} : Size{2 * half, size.cols};
  return Scatter(whole, 0.45, {RandomColor(random)}, random);
}
Grid SolveHalves(int p, const Grid& in) {
  const bool beside = p < 3;
  const int rows = beside ? in.rows() : in.rows() / 2;
  const int cols = beside ? in.cols() / 2 : in.cols();
  if (rows == 0 || cols == 0) return in;
  Grid out(rows, cols);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      const uint8_t a = in.at(r, c);
      const uint8_t b = beside ? in.at(r, c + cols) : in.at(r + rows, c);
      const uint8_t color = a != 0 ? a : b;
      const bool shown = p % 3 == 0   ? (a != 0 || b != 0)
                         : p % 3 == 1 ? (a != 0 && b != 0)
                                      : ((a != 0) != (b != 0));
      out.at(r, c) = shown ? color : 0;
    }
  }
  return out;
}

}  // namespace

void AddPatternRules(std::vector<Rule>& rules) {
  rules.push_back({"symmetry", "the missing half mirrors the other", 4,
                   SampleHalf, SolveSymmetry});
  rules.push_back(
      {"stripes", "stripes continue", 4, SampleStripes, SolveStripes});
  rules.push_back({"overlay", "two halves are joined by or, and, or xor", 6,
                   SampleHalves, SolveHalves});
}

}  // namespace arctrm::internal
