// SPDX-License-Identifier: MIT
#include "pipeline/train_progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace arctrm {
namespace {

// The weight of earlier steps in a mean over about 30 steps.
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
  // The least important values come last: a terminal of 80 columns cuts them
  // off.
  return absl::StrFormat(
      "train  step %d%s  %.2f steps/s%s  loss %.3f  exact %.1f %%  "
      "tokens %.1f %%  halt %.1f",
      stats.step, goal > 0 ? absl::StrCat("/", goal) : "", stats.steps_per_s,
      TimeLeftField(deadline), loss_.value(), 100 * exact_.value(),
      100 * accuracy_.value(), steps_.value());
}

}  // namespace arctrm
