// SPDX-License-Identifier: MIT
// A child process that can crash, hang or be killed without harm to this one,
// and that does not outlive it.
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
  // Variables that are added to the environment of this process or replace its
  // values.
  std::vector<std::pair<std::string, std::string>> environment;
  // Connect Write() to its standard input, which is empty otherwise.
  bool pipe_input = false;
  // Connect Read() to its standard output, which goes to standard error
  // otherwise, since standard output is for results.
  bool pipe_output = false;
  // Append its standard error to this file; "" means standard error of this
  // process.
  std::string error_file;
};

// How a process ended.
struct ExitState {
  int code = -1;   // exit code; -1 if a signal ended it
  int signal = 0;  // the signal that ended it, or 0
  bool ok() const { return code == 0; }
  // "ended with exit code 3", "was killed by SIGKILL".
  std::string Text() const;
};

// The child runs in its own Unix process group, so Ctrl-C on a terminal reaches
// only this process. It has default signal handling and only the three standard
// descriptors. When the child ends, the rest of its group is killed.
//
// The kernel kills the child when the *thread* that called Start() ends, so
// this thread must live as long as the child should. If this process is killed,
// processes that the child started may survive.
//
// Poll, Wait and Signal may be called from any thread at any time. At most one
// thread writes (Write, CloseInput), and at most one reads.
class Subprocess {
 public:
  // NotFound or FailedPrecondition if the program cannot be executed or
  // `error_file` cannot be written.
  static absl::StatusOr<std::unique_ptr<Subprocess>> Start(
      const SubprocessOptions& options);
  // Kills the group. Waits at most two seconds for the end, since a driver can
  // hold a process in the kernel.
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  // Writes all of `bytes`. Unavailable, with the child's end, if the child has
  // closed its input; DeadlineExceeded. After an error, the number of bytes
  // written is unknown.
  absl::Status Write(absl::string_view bytes, const Deadline& deadline);
  // Gives the child an end of file.
  void CloseInput();
  // Appends to `out` until it holds `bytes` bytes. After DeadlineExceeded,
  // repeat the call to continue. Unavailable, with the child's end, when the
  // output has ended; `out` then holds the bytes so far.
  absl::Status Read(size_t bytes, const Deadline& deadline, std::string& out);

  // How it ended; nullopt while it runs.
  std::optional<ExitState> Poll();
  // The same, but waits for the end until `deadline`.
  std::optional<ExitState> Wait(const Deadline& deadline);
  // Sends `signal` to the child's group unless the child has ended.
  void Signal(int signal);

  int pid() const { return pid_; }
  // "arctrm-solver (process 123)".
  const std::string& name() const { return name_; }

 private:
  Subprocess(const SubprocessOptions& options, int pid, int input, int output);

  // Unavailable, with the child's end.
  absl::Status Gone(absl::string_view what, const Deadline& deadline);
  // Waits a limited time until `fd` is ready for `events` or broken. Sets
  // `ended` if neither happened and the child has ended.
  absl::Status Await(int fd, int events, absl::string_view what,
                     const Deadline& deadline, bool& ended);

  const int pid_;
  const std::string name_;
  const std::string error_file_;
  int input_;         // for Write(), or -1
  int output_;        // for Read(), or -1
  std::mutex mutex_;  // guards exit_
  std::optional<ExitState> exit_;
};

}  // namespace arctrm
