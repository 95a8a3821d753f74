// SPDX-License-Identifier: MIT
// Writes to standard output and error, whose reader may be slow, stuck or gone.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace arctrm {

// Opens each standard descriptor that is closed as one that can be neither read
// nor written. Otherwise the next opened file would get its number, and
// messages would be written into it.
void OpenStandardStreams();

// Writes `bytes` to `fd` and removes the written part from their front.
// DeadlineExceeded after waiting `patience` for the reader, Aborted if the
// reader has closed the pipe, else ErrnoStatus.
absl::Status WriteStream(int fd, absl::Duration patience,
                         absl::string_view& bytes);

// Writes all of `bytes`. Waits for the reader, but after a stop signal at most
// one second. Errors as of WriteStream, or Cancelled.
absl::Status WriteWholeStream(int fd, absl::string_view bytes);

}  // namespace arctrm
