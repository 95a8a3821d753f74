// SPDX-License-Identifier: MIT
// Messages and progress on standard error: plain lines, and one progress line
// that is redrawn on a terminal or printed at intervals elsewhere. A log file
// also gets every line, with its time. Results do not go through the log; they
// go to standard output. Control characters are escaped (Printable); a line
// feed is kept if two blanks follow it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"

namespace arctrm {

struct LogOptions {
  // Prints only errors and warnings to standard error.
  bool quiet = false;
  // Also write the full log to this file; "" for none.
  std::string file;
  // Do not make or touch the file before Begin(); keep its lines until then.
  bool hold = false;
  // Redraw the progress line in place. Set from isatty(2) by OpenLog.
  bool terminal = false;
  // ANSI colours. Set from isatty(2), NO_COLOR and TERM by OpenLog.
  bool color = false;
  // Minimum time between progress lines that are not redrawn.
  absl::Duration log_interval = absl::Seconds(10);
  // Times the progress lines; null means RealClock().
  const Clock* clock = nullptr;
};

// Thread-safe.
class Log {
 public:
  virtual ~Log() = default;
  virtual void Info(absl::string_view line) = 0;
  // Puts "warning: " before the line, in yellow if colours are on.
  virtual void Warning(absl::string_view line) = 0;
  virtual void Error(absl::string_view line) = 0;
  // Writes the held lines to the file; later lines go there directly.
  virtual void Begin() {}
  // Writes to the log file only.
  virtual void Detail(absl::string_view /*line*/) {}
  // The state of the work in one line, e.g.
  // "train  step 120/400  loss 1.23  exact 12 %  3.1 steps/s  left 1m 30s".
  // Replaces the line shown before. Cheap to call often: redraws at most ten
  // times a second on a terminal, prints every `log_interval` elsewhere.
  virtual void Progress(absl::string_view line) = 0;
  // Ends the progress line and leaves its last state visible.
  virtual void EndProgress() = 0;
};

// Detects the terminal and colours and opens the file (NotFound or
// FailedPrecondition if it cannot be written).
absl::StatusOr<std::unique_ptr<Log>> OpenLog(LogOptions options);
// Does `path` hold a log written by arctrm?
bool IsLogFile(const std::string& path);
// A log that discards everything, for tests and library use.
Log& NullLog();

}  // namespace arctrm
