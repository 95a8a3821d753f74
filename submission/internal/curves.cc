// SPDX-License-Identifier: MIT
#include "submission/internal/curves.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "submission/internal/html.h"

namespace arctrm {
namespace internal {
namespace {

using Points = std::vector<std::pair<double, double>>;

double MedianOf(std::vector<double> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Splits `points` into `pieces` consecutive parts of nearly equal size.
std::vector<Points> Split(const Points& points, size_t pieces) {
  std::vector<Points> parts;
  for (size_t i = 0; i < pieces; ++i) {
    const auto at = [&](size_t n) {
      return points.begin() +
             static_cast<std::ptrdiff_t>(points.size() * n / pieces);
    };
    parts.emplace_back(at(i), at(i + 1));
  }
  return parts;
}

Points Extremes(const Points& points) {
  Points out;
  for (const Points& part : Split(points, kMaxChartPoints / 2)) {
    const auto by_value = [](const auto& a, const auto& b) {
      return a.second < b.second;
    };
    const auto [low, high] =
        std::minmax_element(part.begin(), part.end(), by_value);
    out.push_back(std::min(*low, *high));
    if (low != high) out.push_back(std::max(*low, *high));
  }
  return out;
}

Points Medians(const Points& points) {
  Points out;
  for (const Points& part : Split(points, kMaxChartPoints)) {
    std::vector<double> values;
    for (const auto& [step, value] : part) values.push_back(value);
    out.emplace_back(part[part.size() / 2].first, MedianOf(std::move(values)));
  }
  return out;
}

}  // namespace

ChartSeries ThinSeries(const Points& points) {
  ChartSeries series;
  const bool thin = points.size() > kMaxChartPoints;
  series.raw = thin ? Extremes(points) : points;
  const Points sampled = thin ? Medians(points) : points;
  const size_t reach = std::min<size_t>(sampled.size() / 16, 8);
  for (size_t i = 0; i < sampled.size(); ++i) {
    // The window shrinks towards the ends to stay centred.
    const size_t half = std::min({reach, i, sampled.size() - 1 - i});
    std::vector<double> window;
    for (size_t k = i - half; k <= i + half; ++k) {
      window.push_back(sampled[k].second);
    }
    series.smooth.emplace_back(sampled[i].first, MedianOf(std::move(window)));
  }
  return series;
}

std::vector<double> Ticks(double min, double max, int count) {
  const double rough = (max - min) / count;
  if (!(rough > 0) || !std::isfinite(rough)) return {min};
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double spacing = 10 * power;
  for (const double factor : {1, 2, 5}) {
    if (factor * power >= rough * 0.999) {
      spacing = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  const double first = std::ceil(min / spacing - 1e-9);
  for (int i = 0; i < 4 * count + 2; ++i) {
    const double tick = (first + i) * spacing;
    if (tick > max + spacing * 1e-6) break;
    ticks.push_back(tick);
  }
  return ticks;
}

}  // namespace internal

namespace {

using internal::ChartSeries;
using Points = std::vector<std::pair<double, double>>;

constexpr double kWidth = 400;
constexpr double kHeight = 200;
constexpr double kLeft = 44;
constexpr double kRight = 24;
constexpr double kTop = 10;
constexpr double kBottom = 38;

struct Chart {
  absl::string_view title;
  absl::string_view note;
  double CurvePoint::*value;
  bool percent;
};

constexpr Chart kCharts[] = {
    {"Loss", "per batch row: cells and halting", &CurvePoint::loss, false},
    {"Held-out accuracy", "not trained on", &CurvePoint::held_out_exact, true},
    {"Exact accuracy", "of whole outputs", &CurvePoint::exact_accuracy, true},
    {"Token accuracy", "of cells", &CurvePoint::accuracy, true},
    {"Supervision steps", "until a batch row halts", &CurvePoint::steps, false},
    {"Halting loss", "of the halting decision", &CurvePoint::q_halt_loss,
     false},
    {"Learning rate", "as scheduled", &CurvePoint::learning_rate, false},
};

std::string NumberText(double value) {
  const double size = std::fabs(value);
  if (size == 0) return "0";
  if (size >= 1e6 || size < 1e-3) {
    // "1e-4" rather than "1e-04" or "0.0001".
    const int exponent = static_cast<int>(std::floor(std::log10(size) + 1e-9));
    return absl::StrFormat("%.2ge%d", value * std::pow(10, -exponent),
                           exponent);
  }
  if (size >= 1000) return CountHtml(std::llround(value));
  return absl::StrFormat("%.3g", value);
}

std::string ValueText(const Chart& chart, double value) {
  return chart.percent ? PercentHtml(value) : NumberText(value);
}

std::string StepText(double step) {
  if (step >= 1e6) return absl::StrFormat("%.4gM", step / 1e6);
  if (step >= 1e4) return absl::StrFormat("%.4gk", step / 1e3);
  return CountHtml(std::llround(step));
}

class Axes {
 public:
  Axes(double first_step, double last_step, double top)
      : first_(first_step), last_(last_step), top_(top) {}

  double X(double step) const {
    const double width = kWidth - kLeft - kRight;
    if (!(last_ > first_)) return kLeft + width / 2;
    return kLeft + width * (step - first_) / (last_ - first_);
  }
  double Y(double value) const {
    const double share = std::clamp(value / top_, 0.0, 1.0);
    return kHeight - kBottom - (kHeight - kTop - kBottom) * share;
  }

 private:
  double first_;
  double last_;
  double top_;
};

std::string Path(const Points& points, const Axes& axes) {
  std::string path;
  for (const auto& [step, value] : points) {
    absl::StrAppendFormat(&path, "%s%.1f %.1f", path.empty() ? "M" : "L",
                          axes.X(step), axes.Y(value));
  }
  return path;
}

// The upper end of the axis. Cuts off outliers of a noisy curve, so that they
// do not flatten the rest.
double Top(const Chart& chart, const ChartSeries& series) {
  std::vector<double> values;
  for (const auto& [step, value] : series.raw) values.push_back(value);
  std::sort(values.begin(), values.end());
  double top = values[(values.size() - 1) * 98 / 100];
  for (const auto& [step, value] : series.smooth) top = std::max(top, value);
  if (chart.percent) return std::clamp(top * 1.05, 0.05, 1.0);
  return top > 0 ? top * 1.05 : 1;
}

std::string TimeText(double seconds) {
  if (seconds < 60) return absl::StrFormat("%.3g s", seconds);
  // Limit to a year, far more than any run, to avoid overflow.
  const int64_t whole = std::llround(std::min(seconds, 3.2e7));
  if (whole < 600) return absl::StrFormat("%dm %02ds", whole / 60, whole % 60);
  const int64_t minutes = (whole + 30) / 60;
  if (minutes < 60) return absl::StrCat(minutes, " min");
  return absl::StrFormat("%d h %02d", minutes / 60, minutes % 60);
}

// Interpolates the seconds at `step`.
double TimeAt(const std::vector<CurvePoint>& curve, double step) {
  const auto after = std::lower_bound(curve.begin(), curve.end(), step,
                                      [](const CurvePoint& p, double s) {
                                        return static_cast<double>(p.step) < s;
                                      });
  if (after == curve.end()) return curve.back().time_s;
  if (after == curve.begin()) return after->time_s;
  const CurvePoint& before = *(after - 1);
  const double from = static_cast<double>(before.step);
  const double to = static_cast<double>(after->step);
  const double share = to > from ? (step - from) / (to - from) : 0;
  return before.time_s + share * (after->time_s - before.time_s);
}

void AppendXAxis(const std::vector<CurvePoint>& curve, double first,
                 const Axes& axes, std::string& svg) {
  const double bottom = kHeight - kBottom;
  for (const double step :
       internal::Ticks(first, static_cast<double>(curve.back().step), 5)) {
    // Do not label fractions of steps.
    if (step != std::floor(step)) continue;
    const double x = axes.X(step);
    absl::StrAppendFormat(&svg,
                          "<path class=\"tick\" d=\"M%.1f %.1fv4\"/><text "
                          "x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s"
                          "</text>",
                          x, bottom, x, bottom + 15, StepText(step));
    if (step < static_cast<double>(curve.front().step)) continue;
    const double time_s = TimeAt(curve, step);
    if (!std::isfinite(time_s) || time_s < 0) continue;
    absl::StrAppendFormat(&svg,
                          "<text class=\"time\" x=\"%.1f\" y=\"%.1f\" "
                          "text-anchor=\"middle\">%s</text>",
                          x, bottom + 28, TimeText(time_s));
  }
}

// The start of the step axis: 0 unless the curve starts far from it.
double FirstStep(const std::vector<CurvePoint>& curve) {
  const double first = static_cast<double>(curve.front().step);
  const double last = static_cast<double>(curve.back().step);
  return first > 0 && first < last / 8 ? 0 : first;
}

void AppendYAxis(const Chart& chart, double top, const Axes& axes,
                 std::string& svg) {
  for (const double tick : internal::Ticks(0, top, 4)) {
    const double y = axes.Y(tick);
    absl::StrAppendFormat(
        &svg,
        "<path class=\"rule\" d=\"M%.0f %.1fH%.0f\"/><text x=\"%.0f\" "
        "y=\"%.1f\" text-anchor=\"end\">%s</text>",
        kLeft, y, kWidth - kRight, kLeft - 6, y + 3.5,
        chart.percent ? absl::StrFormat("%.3g%%", 100 * tick)
                      : NumberText(tick));
  }
}

// `curve` is sorted by step and not empty.
std::string ChartHtml(const Chart& chart,
                      const std::vector<CurvePoint>& curve) {
  Points points;
  for (const CurvePoint& point : curve) {
    const double value = point.*chart.value;
    if (std::isfinite(value)) {
      points.emplace_back(static_cast<double>(point.step), value);
    }
  }
  if (points.empty()) return "";
  // Old metrics have no learning rates; they are read as 0.
  if (chart.value == &CurvePoint::learning_rate &&
      std::all_of(points.begin(), points.end(),
                  [](const auto& p) { return p.second == 0; })) {
    return "";
  }
  const ChartSeries series = internal::ThinSeries(points);
  const double top = Top(chart, series);
  const double first = FirstStep(curve);
  const Axes axes(first, static_cast<double>(curve.back().step), top);
  const auto& [last_step, last_value] = series.smooth.back();
  std::string html = absl::StrFormat(
      "<figure class=\"chart\"><figcaption><b>%s</b> <span>%s</span> "
      "<em>%s</em></figcaption><svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
      "aria-label=\"%s by training step, last %s\">",
      chart.title, chart.note, ValueText(chart, last_value), kWidth, kHeight,
      chart.title, ValueText(chart, last_value));
  AppendYAxis(chart, top, axes, html);
  AppendXAxis(curve, first, axes, html);
  absl::StrAppendFormat(
      &html,
      "<path class=\"raw\" d=\"%s\"/><path class=\"line\" d=\"%s\"/><circle "
      "cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/></svg></figure>\n",
      Path(series.raw, axes), Path(series.smooth, axes), axes.X(last_step),
      axes.Y(last_value));
  return html;
}

}  // namespace

std::string CurvesHtml(const std::vector<CurvePoint>& curve) {
  std::vector<CurvePoint> sorted = curve;
  // A resumed run may repeat a step.
  std::stable_sort(
      sorted.begin(), sorted.end(),
      [](const CurvePoint& a, const CurvePoint& b) { return a.step < b.step; });
  std::string html;
  if (sorted.empty()) return html;
  for (const Chart& chart : kCharts) html += ChartHtml(chart, sorted);
  return html;
}

}  // namespace arctrm
