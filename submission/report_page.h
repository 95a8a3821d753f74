// SPDX-License-Identifier: MIT
// The parts of all reports: title, state, settings and learning curves.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace arctrm {

// One line of metrics.jsonl.
struct CurvePoint {
  int64_t step = 0;
  double time_s = 0;
  double loss = 0;  // lm_loss + 0.5 q_halt_loss, per batch row
  double lm_loss = 0;
  double q_halt_loss = 0;
  double accuracy = 0;        // 0-1, token accuracy of halted batch rows
  double exact_accuracy = 0;  // 0-1
  double steps = 0;           // mean supervision steps of halted batch rows
  double learning_rate = 0;
  // 0-1, on pairs held out of training; NaN if not evaluated at this step.
  double held_out_exact = std::numeric_limits<double>::quiet_NaN();
};

struct ReportPage {
  std::string title;
  // The name of the run, a short text of letters and digits.
  std::string owner;
  // "running", "done", "stopped by SIGTERM" …
  std::string status;
  // Shown in a box at the top: leaks, fallbacks.
  std::vector<std::string> warnings;
  // Sections of (key, value): resolved settings, machine, plan, timings.
  std::vector<
      std::pair<std::string, std::vector<std::pair<std::string, std::string>>>>
      facts;
  std::vector<CurvePoint> curve;
};

}  // namespace arctrm
