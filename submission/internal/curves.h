// SPDX-License-Identifier: MIT
// Learning curves as small line charts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "submission/report_page.h"

namespace arctrm {

// The charts of `curve` as <figure> elements with inline SVG; rows that are not
// finite are skipped. "" when nothing is left to draw.
std::string CurvesHtml(const std::vector<CurvePoint>& curve);

namespace internal {

// What one chart draws, in data coordinates.
struct ChartSeries {
  // At most kMaxChartPoints each, by step.
  std::vector<std::pair<double, double>> raw;
  std::vector<std::pair<double, double>> smooth;
};

inline constexpr size_t kMaxChartPoints = 400;

// Thins `points` (by step, finite): the extremes of each piece stay in `raw`,
// `smooth` is a running median.
ChartSeries ThinSeries(const std::vector<std::pair<double, double>>& points);

// Round numbers that divide [0, max] or [min, max] in about `count` parts.
std::vector<double> Ticks(double min, double max, int count);

}  // namespace internal
}  // namespace arctrm
