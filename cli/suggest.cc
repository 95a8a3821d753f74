// SPDX-License-Identifier: MIT
#include "cli/suggest.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace arctrm {
namespace {

// Returns the optimal string alignment distance.
int Distance(absl::string_view a, absl::string_view b) {
  const size_t width = b.size() + 1;
  std::vector<int> cost((a.size() + 1) * width);
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      int& here = cost[i * width + j];
      if (i == 0 || j == 0) {
        here = static_cast<int>(i + j);
        continue;
      }
      here = std::min(
          {cost[(i - 1) * width + j] + 1, cost[i * width + j - 1] + 1,
           cost[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        here = std::min(here, cost[(i - 2) * width + j - 2] + 1);
      }
    }
  }
  return cost.back();
}

}  // namespace

std::string Suggest(absl::string_view word,
                    const std::vector<std::string>& known) {
  std::string best;
  int best_distance = 3;
  // A word can be as long as the command line.
  if (word.size() > 64) return best;
  for (const std::string& candidate : known) {
    int distance = Distance(word, candidate);
    // Two changes of a short word make another word.
    if (2 * distance >= static_cast<int>(candidate.size())) distance = 3;
    if (word.size() >= 2 && absl::StartsWith(candidate, word)) {
      distance = std::min(distance, 2);
    }
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace arctrm
