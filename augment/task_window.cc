// SPDX-License-Identifier: MIT
#include "augment/task_window.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/status.h"

namespace arctrm {
namespace {

constexpr double kRoomWithoutRule = 1.3;

// How a side of the output depends on a side of the input.
enum class Growth { kRatio, kDifference, kConstant };
constexpr std::array kGrowths = {Growth::kRatio, Growth::kDifference,
                                 Growth::kConstant};

// Applies the growth of the example `from` -> `to` to `side`.
double Expect(Growth growth, int from, int to, int side) {
  switch (growth) {
    case Growth::kRatio:
      return static_cast<double>(side) * to / from;
    case Growth::kDifference:
      return side + to - from;
    case Growth::kConstant:
      return to;
  }
  return to;
}

// A size with fractions.
struct Extent {
  double rows = 0;
  double cols = 0;

  void Cover(const Extent& other) {
    rows = std::max(rows, other.rows);
    cols = std::max(cols, other.cols);
  }
  void Cover(const Grid& grid) {
    Cover(Extent{static_cast<double>(grid.rows()),
                 static_cast<double>(grid.cols())});
  }
};

struct Rule {
  bool swapped;
  Growth rows, cols;
  const Pair* example;

  Extent Output(const Grid& input) const {
    const Grid& from = example->input;
    const Grid& to = example->output;
    return {Expect(rows, swapped ? from.cols() : from.rows(), to.rows(),
                   swapped ? input.cols() : input.rows()),
            Expect(cols, swapped ? from.rows() : from.cols(), to.cols(),
                   swapped ? input.rows() : input.cols())};
  }

  bool Holds(const std::vector<Pair>& pairs) const {
    return std::all_of(pairs.begin(), pairs.end(), [this](const Pair& pair) {
      const Extent output = Output(pair.input);
      return std::abs(output.rows - pair.output.rows()) < 1e-9 &&
             std::abs(output.cols - pair.output.cols()) < 1e-9;
    });
  }
};

// The rules that hold for all pairs; none without pairs. If all inputs are
// squares, both rules with and without swapped axes hold.
std::vector<Rule> RulesOf(const std::vector<Pair>& pairs) {
  std::vector<Rule> rules;
  for (const Pair& pair : pairs) {
    if (pair.input.empty()) return rules;
  }
  if (pairs.empty()) return rules;
  for (bool swapped : {false, true}) {
    for (Growth rows : kGrowths) {
      for (Growth cols : kGrowths) {
        const Rule rule = {swapped, rows, cols, pairs.data()};
        if (rule.Holds(pairs)) rules.push_back(rule);
      }
    }
  }
  return rules;
}

// The largest ratio of output to input in any pair.
double LargestRatio(const std::vector<Pair>& pairs) {
  double ratio = 0;
  for (const Pair& pair : pairs) {
    if (pair.input.empty()) continue;
    ratio = std::max(ratio, static_cast<double>(pair.output.max_side()) /
                                pair.input.max_side());
  }
  return ratio;
}

}  // namespace

GridSize TaskWindow(const std::vector<Pair>& pairs,
                    const std::vector<Grid>& test_inputs, int canvas_side,
                    int step) {
  ARCTRM_CHECK(step > 0 && canvas_side > 0);
  Extent needed = {1, 1};
  for (const Pair& pair : pairs) {
    needed.Cover(pair.input);
    needed.Cover(pair.output);
  }
  const std::vector<Rule> rules = RulesOf(pairs);
  for (const Grid& input : test_inputs) {
    needed.Cover(input);
    for (const Rule& rule : rules) needed.Cover(rule.Output(input));
    if (rules.empty()) {
      const double side =
          kRoomWithoutRule * LargestRatio(pairs) * input.max_side();
      needed.Cover(Extent{side, side});
      needed.Cover(Extent{needed.cols, needed.rows});
    }
  }
  const auto fitted = [&](double side) {
    // Limit before converting to int, as products of ratios can be large.
    side = std::min(std::ceil(side - 1e-9), static_cast<double>(canvas_side));
    const int with_border = static_cast<int>(side) + 1;
    return std::min((with_border + step - 1) / step * step, canvas_side);
  };
  return {fitted(needed.rows), fitted(needed.cols)};
}

}  // namespace arctrm
