// SPDX-License-Identifier: MIT
// A child process that can crash, hang or be killed without harm to this one,
// and that never outlives it.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"

namespace arctrm {

struct SubprocessOptions {
  // The program's path (not searched for in $PATH) and its arguments.
  std::vector<std::string> argv;
  // Names and values, beside this process's own or in their place.
  std::vector<std::pair<std::string, std::string>> environment;
  // Write() reaches its standard input; without: that is empty.
  bool pipe_input = false;
  // Read() reads its standard output; without: that joins standard error, since
  // this program's own standard output is for results.
  bool pipe_output = false;
  // Its standard error is appended here; "": this process's own.
  std::string error_file;
};

// How a process ended.
struct ExitState {
  int code = -1;   // what it returned; -1 where a signal ended it
  int signal = 0;  // the signal that ended it, 0 for none
  bool ok() const { return code == 0; }
  // "ended with exit code 3", "was killed by SIGKILL".
  std::string Text() const;
};

// The child runs in a process group of its own (Ctrl-C at a terminal reaches
// this process alone, which decides), with default signal handling and no
// descriptors but the three standard ones. When it has ended, what is left of
// its group is killed too.
//
// The kernel kills the child when the *thread* that called Start() ends: call
// it from a thread that lives at least as long as the child is to. Where this
// process is killed, what the child itself has started may live on.
//
// Poll, Wait and Signal may be called from any thread at any time. At most one
// thread writes (Write, CloseInput), and at most one reads.
class Subprocess {
 public:
  // NotFound, FailedPrecondition: the program can't be executed, or
  // `error_file` can't be written.
  static absl::StatusOr<std::unique_ptr<Subprocess>> Start(
      const SubprocessOptions& options);
  // Kills the group. Waits at most two seconds for the end: a process that a
  // driver holds in the kernel can't be waited for.
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  // All of `bytes`. Unavailable, saying how the child ended, once nobody reads;
  // DeadlineExceeded. After an error nobody knows how much was written.
  absl::Status Write(absl::string_view bytes, const Deadline& deadline);
  // The child reads an end of file.
  void CloseInput();
  // Appends to `out` until it holds `bytes` bytes. After DeadlineExceeded the
  // same call goes on where this one ended. Unavailable, saying how the child
  // ended, once nothing more can come; what came is in `out`.
  absl::Status Read(size_t bytes, const Deadline& deadline, std::string& out);

  // How it ended, nothing while it runs.
  std::optional<ExitState> Poll();
  // The same, waiting for it until `deadline`.
  std::optional<ExitState> Wait(const Deadline& deadline);
  // Sends `signal` to the child's group; nothing once the child has ended.
  void Signal(int signal);

  int pid() const { return pid_; }
  // "arctrm-solver (process 123)".
  const std::string& name() const { return name_; }

 private:
  Subprocess(const SubprocessOptions& options, int pid, int input, int output);

  // Unavailable, with how it ended.
  absl::Status Gone(absl::string_view what, const Deadline& deadline);
  // Waits until `fd` is ready for `events` or is broken, a while at most.
  // `ended` becomes true when it isn't and the child has ended.
  absl::Status Await(int fd, int events, absl::string_view what,
                     const Deadline& deadline, bool& ended);

  const int pid_;
  const std::string name_;
  const std::string error_file_;
  int input_;         // what Write writes to, -1 for none
  int output_;        // what Read reads from, -1 for none
  std::mutex mutex_;  // guards exit_
  std::optional<ExitState> exit_;
};

}  // namespace arctrm
