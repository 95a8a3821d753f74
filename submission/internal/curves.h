// SPDX-License-Identifier: MIT
// Draws learning curves as small line charts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "submission/report_page.h"

namespace arctrm {

// The charts of `curve` as <figure> elements with inline SVG. Skips values that
// are not finite. "" if nothing is left to draw.
std::string CurvesHtml(const std::vector<CurvePoint>& curve);

namespace internal {

// The lines of one chart in data coordinates.
struct ChartSeries {
  // At most kMaxChartPoints each, ordered by step.
  std::vector<std::pair<double, double>> raw;
  std::vector<std::pair<double, double>> smooth;
};

inline constexpr size_t kMaxChartPoints = 400;

// Thins `points`, which are finite and ordered by step: `raw` keeps the
// extremes of each piece; `smooth` is a running median.
ChartSeries ThinSeries(const std::vector<std::pair<double, double>>& points);

// Round numbers that divide [min, max] into about `count` parts.
std::vector<double> Ticks(double min, double max, int count);

}  // namespace internal
}  // namespace arctrm
