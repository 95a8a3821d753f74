// SPDX-License-Identifier: MIT
// What a person watches while work runs. Everything goes to standard error:
// plain lines, and one progress line that is redrawn on a terminal (or printed
// now and then in a log). With a log file, every line also goes there with its
// time. Results never pass through here; they go to standard output. What a
// terminal would act on is written out (Printable); a line feed stays where two
// blanks follow.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"

namespace arctrm {

struct LogOptions {
  // Keeps lines off standard error (errors and warnings still appear).
  bool quiet = false;
  // Full log here too, "" for none.
  std::string file;
  // Keep the lines for the file until Begin(): it is neither made nor touched
  // before.
  bool hold = false;
  // Redraw the progress line in place. Set from isatty(2) by OpenLog.
  bool terminal = false;
  // ANSI colours. Set from isatty(2), NO_COLOR and TERM by OpenLog.
  bool color = false;
  // Least time between progress lines where they are not redrawn.
  absl::Duration log_interval = absl::Seconds(10);
  // Tells when a progress line is due; RealClock() where null.
  const Clock* clock = nullptr;
};

// Thread-safe.
class Log {
 public:
  virtual ~Log() = default;
  virtual void Info(absl::string_view line) = 0;
  // Yellow "warning: " before the line where there is colour.
  virtual void Warning(absl::string_view line) = 0;
  virtual void Error(absl::string_view line) = 0;
  // The work begins: from here on lines go to the file, first those that were
  // held.
  virtual void Begin() {}
  // To the log file alone, where there is one.
  virtual void Detail(absl::string_view /*line*/) {}
  // The state of the work in one line, e.g.
  // "train  step 120/400  loss 1.23  exact 12 %  3.1 steps/s  left 1m 30s".
  // Replaces the line shown before. Cheap to call often: redraws at most ten
  // times a second on a terminal, prints every `log_interval` elsewhere.
  virtual void Progress(absl::string_view line) = 0;
  // Ends the progress line, so that the last state stays visible.
  virtual void EndProgress() = 0;
};

// Detects the terminal and colours, opens the file (NotFound or
// FailedPrecondition when it can't be written).
absl::StatusOr<std::unique_ptr<Log>> OpenLog(LogOptions options);
// Does `path` hold what a log of ours does?
bool IsLogFile(const std::string& path);
// A log that drops everything, for tests and library use.
Log& NullLog();

}  // namespace arctrm
