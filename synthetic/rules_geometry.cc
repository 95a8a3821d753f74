// SPDX-License-Identifier: MIT
// Rules that move, turn or repeat the whole grid.
#include "synthetic/internal/rule_kit.h"

namespace arctrm::internal {
namespace {

Grid Flip(const Grid& in, bool horizontal) {
  Grid out(in.rows(), in.cols());
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      out.at(r, c) = horizontal ? in.at(r, in.cols() - 1 - c)
                                : in.at(in.rows() - 1 - r, c);
    }
  }
  return out;
}

Grid Transpose(const Grid& in) {
  Grid out(in.cols(), in.rows());
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) out.at(c, r) = in.at(r, c);
  }
  return out;
}

Grid Colorful(const SyntheticOptions& options, Random& random, int max_side) {
  return Scatter(RandomSize(options, random, max_side), 0.55,
                 RandomColors(random, random.Between(2, 4)), random);
}

Grid SampleColorful(int, const SyntheticOptions& options, Random& random) {
  return Colorful(options, random, 8);
}

Grid SampleSmall(int, const SyntheticOptions& options, Random& random) {
  return Colorful(options, random, 4);
}

Grid SolveFlip(int p, const Grid& in) { return Flip(in, p == 0); }

Grid SolveRotate(int p, const Grid& in) {
  Grid out = in;
  for (int i = 0; i <= p; ++i) out = Flip(Transpose(out), false);
  return out;
}

Grid SolveTranspose(int p, const Grid& in) {
  if (p == 0) return Transpose(in);
  return Flip(Flip(Transpose(in), true), false);
}

// Moves in direction p % 4 by 1 or 2 cells, wrapping around the edge.
Grid SolveShift(int p, const Grid& in) {
  const Cell step = kDirections[p % 4];
  const int by = p / 4 + 1;
  Grid out(in.rows(), in.cols());
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      const int to_r = (r + (step.row * by) + in.rows()) % in.rows();
      const int to_c = (c + (step.col * by) + in.cols()) % in.cols();
      out.at(to_r, to_c) = in.at(r, c);
    }
  }
  return out;
}

// 0-3: adds the mirror image to the right, below, to the left, above; 4, 5:
// adds the grid itself to the right or below.
Grid SolveConcatenate(int p, const Grid& in) {
  const bool beside = p % 2 == 0;
  const Grid mirrored = p < 4 ? Flip(in, beside) : in;
  const bool in_front = p == 2 || p == 3;
  const Grid& first = in_front ? mirrored : in;
  const Grid& second = in_front ? in : mirrored;
  Grid out(beside ? in.rows() : 2 * in.rows(),
           beside ? 2 * in.cols() : in.cols());
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      out.at(r, c) = first.at(r, c);
      out.at(beside ? r : in.rows() + r, beside ? in.cols() + c : c) =
          second.at(r, c);
    }
  }
  return out;
}

Grid SolveUpscale(int, const Grid& in) {
  Grid out(2 * in.rows(), 2 * in.cols());
  for (int r = 0; r < out.rows(); ++r) {
    for (int c = 0; c < out.cols(); ++c) out.at(r, c) = in.at(r / 2, c / 2);
  }
  return out;
}

}  // namespace

void AddGeometryRules(std::vector<Rule>& rules) {
  rules.push_back({"flip", "mirrors the grid left-right or up-down", 2,
                   SampleColorful, SolveFlip});
  rules.push_back({"rotate", "turns the grid by 90, 180 or 270 degrees", 3,
                   SampleColorful, SolveRotate});
  rules.push_back({"transpose", "mirrors the grid in one of its diagonals", 2,
                   SampleColorful, SolveTranspose});
  rules.push_back(
      {"shift",
       "moves everything by one or two cells, wrapping around the edge", 8,
       SampleColorful, SolveShift});
  rules.push_back(
      {"concatenate",
       "puts the grid or its mirror image beside, below or above it", 6,
       SampleSmall, SolveConcatenate});
  rules.push_back(
      {"upscale", "doubles every cell", 1, SampleSmall, SolveUpscale});
}

}  // namespace arctrm::internal
