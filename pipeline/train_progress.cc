// SPDX-License-Identifier: MIT
#include "pipeline/train_progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace arctrm {
namespace {

constexpr double kKept = 1 - 1.0 / 30;

}  // namespace

std::string TimeLeftField(const Deadline& deadline) {
  if (deadline.IsInfinite()) return "";
  return absl::StrCat("  left ", DurationText(std::max(absl::ZeroDuration(),
                                                       deadline.Remaining())));
}

void TrainProgress::Mean::Add(double value, double by) {
  sum = kKept * sum + by * value;
  weight = kKept * weight + by;
}

std::string TrainProgress::Line(const TrainStats& stats, int64_t goal,
                                const Deadline& deadline) {
  loss_.Add(stats.loss, 1);
  const double rows = static_cast<double>(stats.halted_rows);
  accuracy_.Add(stats.accuracy, rows);
  exact_.Add(stats.exact_accuracy, rows);
  steps_.Add(stats.steps, rows);
  return absl::StrFormat(
      "train  step %d%s  loss %.3f  tokens %.1f %%  exact %.1f %%  halt %.1f  "
      "%.2f steps/s%s",
      stats.step, goal > 0 ? absl::StrCat("/", goal) : "", loss_.value(),
      100 * accuracy_.value(), 100 * exact_.value(), steps_.value(),
      stats.steps_per_s, TimeLeftField(deadline));
}

}  // namespace arctrm
