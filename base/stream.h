// SPDX-License-Identifier: MIT
// Standard output and error, whose reader may be slow, stuck or gone.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace arctrm {

// Where this process was started with a standard descriptor closed, it gets one
// that nothing can be read from or written to: else the next file opened would
// take that place, and get what is said on it.
void OpenStandardStreams();

// Writes `bytes` to `fd` and takes off the front what was written. Never waits
// longer than `patience` for a reader: DeadlineExceeded. Aborted where the
// reader has closed the pipe; else ErrnoStatus.
absl::Status WriteStream(int fd, absl::Duration patience,
                         absl::string_view& bytes);

// All of `bytes`; errors as of WriteStream, or Cancelled. A reader is waited
// for, but not longer than a second once a signal has asked to stop.
absl::Status WriteWholeStream(int fd, absl::string_view bytes);

}  // namespace arctrm
