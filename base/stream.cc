// SPDX-License-Identifier: MIT
#include "base/stream.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/stop.h"

namespace arctrm {

void OpenStandardStreams() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // open() uses the lowest free number, which is `fd`.
    const int opened =
        open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (opened >= 0 && opened != fd) close(opened);
  }
}

absl::Status WriteStream(int fd, absl::Duration patience,
                         absl::string_view& bytes) {
  const std::string name = absl::StrCat("descriptor ", fd);
  const Deadline deadline(RealClock(), patience);
  while (!bytes.empty()) {
    pollfd poll = {fd, POLLOUT, 0};
    const timespec timeout =
        absl::ToTimespec(std::max(absl::ZeroDuration(), deadline.Remaining()));
    const int ready = ppoll(&poll, 1, &timeout, nullptr);
    if (ready == 0) {
      return absl::DeadlineExceededError(
          absl::StrCat(name, ": its reader does not read"));
    }
    if (ready < 0) {
      if (errno != EINTR && errno != EAGAIN) {
        return ErrnoStatus(errno, "can't write to", name);
      }
      continue;
    }
    // A pipe that is ready accepts PIPE_BUF bytes without blocking.
    const ssize_t n =
        write(fd, bytes.data(), std::min<size_t>(bytes.size(), PIPE_BUF));
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EPIPE) {
      return absl::AbortedError(
          ErrnoStatus(errno, "can't write to", name).message());
    } else if (errno != EINTR && errno != EAGAIN) {
      return ErrnoStatus(errno, "can't write to", name);
    }
  }
  return absl::OkStatus();
}

absl::Status WriteWholeStream(int fd, absl::string_view bytes) {
  constexpr absl::Duration kLook = absl::Milliseconds(100);
  constexpr int kLooksWhenStopped = 10;
  for (int looks = 0; looks < kLooksWhenStopped;) {
    const size_t before = bytes.size();
    absl::Status status = WriteStream(fd, kLook, bytes);
    if (!absl::IsDeadlineExceeded(status)) return status;
    if (bytes.size() == before && StopSignal() != 0) ++looks;
  }
  return StoppedError(absl::StrCat("writing to descriptor ", fd));
}

}  // namespace arctrm
