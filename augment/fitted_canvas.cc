// SPDX-License-Identifier: MIT
#include "augment/fitted_canvas.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/status.h"

namespace arctrm {
namespace {

constexpr double kRoomWithoutRule = 1.3;

// How a side of the output follows from one of the input.
enum class Growth { kRatio, kDifference, kConstant };
constexpr std::array kGrowths = {Growth::kRatio, Growth::kDifference,
                                 Growth::kConstant};

// As in the example `from` -> `to`.
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

struct Rule {
  bool swapped;
  Growth rows, cols;
  const Pair* example;

  std::array<double, 2> Output(const Grid& input) const {
    const Grid& from = example->input;
    const Grid& to = example->output;
    return {Expect(rows, swapped ? from.cols() : from.rows(), to.rows(),
                   swapped ? input.cols() : input.rows()),
            Expect(cols, swapped ? from.rows() : from.cols(), to.cols(),
                   swapped ? input.rows() : input.cols())};
  }

  bool Holds(const std::vector<Pair>& pairs) const {
    return std::all_of(pairs.begin(), pairs.end(), [this](const Pair& pair) {
      const auto [rows_of, cols_of] = Output(pair.input);
      return std::abs(rows_of - pair.output.rows()) < 1e-9 &&
             std::abs(cols_of - pair.output.cols()) < 1e-9;
    });
  }
};

// The largest side to expect of the output for `input`.
double ExpectedSide(const std::vector<Pair>& pairs, const Grid& input) {
  double side = 0;
  for (bool swapped : {false, true}) {
    bool ruled = false;
    for (Growth rows : kGrowths) {
      for (Growth cols : kGrowths) {
        const Rule rule = {swapped, rows, cols, pairs.data()};
        if (!rule.Holds(pairs)) continue;
        ruled = true;
        const auto [rows_of, cols_of] = rule.Output(input);
        side = std::max({side, rows_of, cols_of});
      }
    }
    if (ruled) return side;
  }
  for (const Pair& pair : pairs) {
    side = std::max(side, static_cast<double>(pair.output.max_side()) /
                              pair.input.max_side());
  }
  return side * kRoomWithoutRule * input.max_side();
}

}  // namespace

int FittedSide(const std::vector<Pair>& pairs,
               const std::vector<Grid>& test_inputs, int canvas_side,
               int step) {
  ARCTRM_CHECK(step > 0 && canvas_side > 0);
  double side = 1;
  for (const Pair& pair : pairs) {
    side = std::max<double>({side, static_cast<double>(pair.input.max_side()),
                             static_cast<double>(pair.output.max_side())});
  }
  const bool sized = !pairs.empty() &&
                     std::all_of(pairs.begin(), pairs.end(), [](const Pair& p) {
                       return p.input.rows() > 0 && p.input.cols() > 0;
                     });
  for (const Grid& input : test_inputs) {
    side = std::max<double>(side, input.max_side());
    if (sized) side = std::max(side, ExpectedSide(pairs, input));
  }
  // Before it becomes an int: ratios multiply.
  side = std::min(std::ceil(side - 1e-9), static_cast<double>(canvas_side));
  const int needed = static_cast<int>(side) + 1;
  return std::min((needed + step - 1) / step * step, canvas_side);
}

}  // namespace arctrm
