// SPDX-License-Identifier: MIT
// What every report holds, whatever the job: title, state, settings and
// learning curves.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace arctrm {

// One row of metrics.jsonl.
struct CurvePoint {
  int64_t step = 0;
  double time_s = 0;
  double loss = 0;  // lm_loss + 0.5 q_halt_loss, per row
  double lm_loss = 0;
  double q_halt_loss = 0;
  double accuracy = 0;        // 0-1, token accuracy of halted rows
  double exact_accuracy = 0;  // 0-1
  double steps = 0;           // supervision steps of halted rows, mean
  double learning_rate = 0;
  // 0-1, of what is held out of training; NaN where it was not tried.
  double held_out_exact = std::numeric_limits<double>::quiet_NaN();
};

struct ReportPage {
  std::string title;
  // Which run's it is, a short text of letters and digits.
  std::string owner;
  // "running", "done", "stopped by SIGTERM" …
  std::string status;
  // Shown on top in a box: leaks, fallbacks.
  std::vector<std::string> warnings;
  // (section, (key, value) rows): settings as resolved, machine, plan, timings.
  std::vector<
      std::pair<std::string, std::vector<std::pair<std::string, std::string>>>>
      facts;
  std::vector<CurvePoint> curve;
};

}  // namespace arctrm
