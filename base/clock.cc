// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <time.h>

#include <cctype>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace arctrm {
namespace {

class MonotonicClock : public Clock {
 public:
  absl::Time Now() const override {
    timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return absl::TimeFromTimespec(now);
  }
};

}  // namespace

const Clock& RealClock() {
  static const MonotonicClock* const clock = new MonotonicClock;
  return *clock;
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  const absl::Status bad = absl::InvalidArgumentError(absl::StrCat(
      "\"", text, "\" is not a duration: expected 90s, 20m, 11h30m or 1.5h"));
  absl::Duration total;
  size_t at = 0;
  double last_unit = INFINITY;
  while (at < text.size()) {
    const size_t start = at;
    while (at < text.size() &&
           (std::isdigit(static_cast<unsigned char>(text[at])) ||
            text[at] == '.')) {
      ++at;
    }
    double value = 0;
    if (at == start || at == text.size() ||
        !absl::SimpleAtod(text.substr(start, at - start), &value)) {
      return bad;
    }
    const double unit = text[at] == 'h'   ? 3600
                        : text[at] == 'm' ? 60
                        : text[at] == 's' ? 1
                        : text[at] == 'd' ? 86400
                                          : 0;
    // Each unit may occur once, in descending order.
    if (unit == 0 || unit >= last_unit || value > 1e7) return bad;
    last_unit = unit;
    total += absl::Seconds(value * unit);
    ++at;
  }
  if (total <= absl::ZeroDuration()) return bad;
  return total;
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "unlimited";
  const double seconds = absl::ToDoubleSeconds(duration);
  if (seconds < 0) return absl::StrCat("-", DurationText(-duration));
  if (seconds < 59.95) return absl::StrFormat("%.1fs", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 3600) {
    return absl::StrFormat("%dm %02ds", whole / 60, whole % 60);
  }
  return absl::StrFormat("%dh %02dm", whole / 3600, whole % 3600 / 60);
}

}  // namespace arctrm
