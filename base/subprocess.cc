// SPDX-License-Identifier: MIT
#include "base/subprocess.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

// The standard descriptors.
constexpr int kInput = 0;
constexpr int kOutput = 1;
constexpr int kError = 2;
// Other descriptors are moved above this number, so that they never collide
// with standard ones, even if this process was started with those closed.
constexpr int kAbove = 10;

constexpr absl::Duration kDestructorPatience = absl::Seconds(2);
// Maximum time from a broken pipe to the exit status.
constexpr absl::Duration kExitPatience = absl::Seconds(1);
// Interval for checking whether the child has ended while another process holds
// its end of the pipe.
constexpr absl::Duration kLook = absl::Milliseconds(200);
constexpr absl::Duration kLongestNap = absl::Milliseconds(5);

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { Reset(-1); }
  int get() const { return fd_; }
  void Reset(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
};

// Moves `fd`, which may be -1, to a high number.
absl::Status MoveUp(int fd, absl::string_view what, FileDescriptor& to) {
  const FileDescriptor low(fd);
  if (fd < 0) return ErrnoStatus(errno, "can't open", what);
  to.Reset(fcntl(fd, F_DUPFD_CLOEXEC, kAbove));
  if (to.get() < 0) return ErrnoStatus(errno, "can't open", what);
  return absl::OkStatus();
}

absl::Status MakePipe(FileDescriptor& read_end, FileDescriptor& write_end) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return ErrnoStatus(errno, "can't open", "a pipe");
  }
  FileDescriptor second(ends[1]);
  ARCTRM_RETURN_IF_ERROR(MoveUp(ends[0], "a pipe", read_end));
  return MoveUp(second.Release(), "a pipe", write_end);
}

absl::Status DontBlock(int fd) {
  if (fd < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0) {
    return absl::OkStatus();
  }
  return ErrnoStatus(errno, "can't open", "a pipe");
}

std::vector<std::string> Environment(const SubprocessOptions& options) {
  std::vector<std::string> all;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const absl::string_view setting = *at;
    const auto& ours = options.environment;
    const bool replaced =
        std::any_of(ours.begin(), ours.end(), [&](const auto& pair) {
          return absl::StartsWith(setting, absl::StrCat(pair.first, "="));
        });
    if (!replaced) all.emplace_back(setting);
  }
  for (const auto& [name, value] : options.environment) {
    all.push_back(absl::StrCat(name, "=", value));
  }
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Everything that the child needs, allocated before the fork.
struct Plan {
  const char* program;
  char* const* argv;
  char* const* environment;
  pid_t parent;
  int input, output, error, report;
};

// Closes all but the standard descriptors and `kept`, which closes on exec.
void CloseAllBut(int kept) {
  const auto last = static_cast<unsigned>(kept);
  if (close_range(kError + 1, last - 1, 0) == 0 &&
      close_range(last + 1, UINT_MAX, 0) == 0) {
    return;
  }
  // For kernels before 5.9. Our descriptors close on exec; foreign ones may
  // stay open.
  for (int fd = kError + 1; fd < 65536; ++fd) {
    if (fd != kept) close(fd);
  }
}

// Runs in the child from fork to exec. Calls only async-signal-safe functions,
// since a thread of the parent may hold any lock.
[[noreturn]] void BecomeProgram(const Plan& plan) {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    sigaction(signal, &standard, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  // A parent that died before prctl() sends no signal.
  const bool ready =
      setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
      getppid() == plan.parent && dup2(plan.input, kInput) >= 0 &&
      dup2(plan.output, kOutput) >= 0 && dup2(plan.error, kError) >= 0 &&
      sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
  if (ready) {
    CloseAllBut(plan.report);
    execve(plan.program, plan.argv, plan.environment);
  }
  const int error = errno;
  const ssize_t written = write(plan.report, &error, sizeof(error));
  _exit(written < 0 ? 126 : 127);
}

// During its lifetime, a write to a pipe without a reader fails instead of
// raising SIGPIPE.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const int error = errno;
    const timespec now = {};
    while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &now) < 0 &&
           errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_;
};

absl::Status CantStart(int error, const std::string& program) {
  absl::Status status = ErrnoStatus(error, "can't start", program);
  if (error == ENOENT && FileExists(program)) {
    return absl::NotFoundError(
        absl::StrCat(status.message(),
                     " (the file exists, but the loader or interpreter that it "
                     "names is missing)"));
  }
  return status;
}

}  // namespace

std::string ExitState::Text() const {
  if (signal != 0) {
    const char* name = sigabbrev_np(signal);
    return name != nullptr ? absl::StrCat("was killed by SIG", name)
                           : absl::StrCat("was killed by signal ", signal);
  }
  if (code < 0) return "ended for an unknown reason";
  return absl::StrCat("ended with exit code ", code);
}

absl::StatusOr<std::unique_ptr<Subprocess>> Subprocess::Start(
    const SubprocessOptions& options) {
  ARCTRM_CHECK(!options.argv.empty());
  FileDescriptor input, output, error, report;  // the child's
  FileDescriptor to_child, from_child, answer;  // ours
  if (options.pipe_input) {
    ARCTRM_RETURN_IF_ERROR(MakePipe(input, to_child));
  } else {
    ARCTRM_RETURN_IF_ERROR(
        MoveUp(open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null", input));
  }
  if (!options.error_file.empty()) {
    ARCTRM_RETURN_IF_ERROR(
        MoveUp(open(options.error_file.c_str(),
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644),
               options.error_file, error));
  } else if (!MoveUp(fcntl(kError, F_DUPFD_CLOEXEC, kAbove), "standard error",
                     error)
                  .ok()) {
    ARCTRM_RETURN_IF_ERROR(
        MoveUp(open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null", error));
  }
  if (options.pipe_output) {
    ARCTRM_RETURN_IF_ERROR(MakePipe(from_child, output));
  }
  ARCTRM_RETURN_IF_ERROR(MakePipe(answer, report));
  ARCTRM_RETURN_IF_ERROR(DontBlock(to_child.get()));
  ARCTRM_RETURN_IF_ERROR(DontBlock(from_child.get()));

  std::vector<std::string> words = options.argv;
  std::vector<std::string> settings = Environment(options);
  const std::vector<char*> argv = Pointers(words);
  const std::vector<char*> environment = Pointers(settings);
  const std::string& program = options.argv[0];
  const Plan plan = {
      program.c_str(),    argv.data(),
      environment.data(), getpid(),
      input.get(),        options.pipe_output ? output.get() : error.get(),
      error.get(),        report.get(),
  };

  // Our signal handlers must not run in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  const int fork_error = errno;
  if (pid == 0) BecomeProgram(plan);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return CantStart(fork_error, program);

  // exec closes the child's end of this pipe.
  report.Reset(-1);
  int exec_error = 0;
  ssize_t size = 0;
  do {
    size = read(answer.get(), &exec_error, sizeof(exec_error));
  } while (size < 0 && errno == EINTR);
  if (size == sizeof(exec_error)) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return CantStart(exec_error, program);
  }
  return std::unique_ptr<Subprocess>(
      new Subprocess(options, pid, to_child.Release(), from_child.Release()));
}

Subprocess::Subprocess(const SubprocessOptions& options, int pid, int input,
                       int output)
    : pid_(pid),
      name_(absl::StrCat(Basename(options.argv[0]), " (process ", pid, ")")),
      error_file_(options.error_file),
      input_(input),
      output_(output) {}

Subprocess::~Subprocess() {
  Signal(SIGKILL);
  Wait(Deadline(RealClock(), kDestructorPatience));
  CloseInput();
  if (output_ >= 0) close(output_);
}

absl::Status Subprocess::Gone(absl::string_view what,
                              const Deadline& deadline) {
  const std::optional<ExitState> state = Wait(Deadline(
      RealClock(),
      std::clamp(deadline.Remaining(), absl::ZeroDuration(), kExitPatience)));
  std::string text = absl::StrCat(
      name_, " ",
      state.has_value() ? state->Text() : absl::StrCat("closed its ", what));
  if (!error_file_.empty()) {
    absl::StrAppend(&text, "; its messages are in ", error_file_);
  }
  return absl::UnavailableError(text);
}

absl::Status Subprocess::Await(int fd, int events, absl::string_view what,
                               const Deadline& deadline, bool& ended) {
  const absl::Duration left = deadline.Remaining();
  if (left <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError(
        absl::StrCat(name_, ": timed out waiting for its ", what));
  }
  pollfd poll = {fd, static_cast<int16_t>(events), 0};
  const timespec timeout = absl::ToTimespec(std::min(left, kLook));
  if (ppoll(&poll, 1, &timeout, nullptr) == 0) ended = Poll().has_value();
  return absl::OkStatus();
}

absl::Status Subprocess::Write(absl::string_view bytes,
                               const Deadline& deadline) {
  ARCTRM_CHECK(input_ >= 0);
  const NoSigpipe no_sigpipe;
  bool ended = false;
  while (!bytes.empty()) {
    const ssize_t n = write(input_, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EPIPE || (errno == EAGAIN && ended)) {
      return Gone("input", deadline);
    } else if (errno == EAGAIN) {
      ARCTRM_RETURN_IF_ERROR(Await(input_, POLLOUT, "input", deadline, ended));
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "can't write to", name_);
    }
  }
  return absl::OkStatus();
}

void Subprocess::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

absl::Status Subprocess::Read(size_t bytes, const Deadline& deadline,
                              std::string& out) {
  ARCTRM_CHECK(output_ >= 0);
  char buffer[1 << 16];
  bool ended = false;
  while (out.size() < bytes) {
    const ssize_t n =
        read(output_, buffer, std::min(bytes - out.size(), sizeof(buffer)));
    if (n > 0) {
      out.append(buffer, static_cast<size_t>(n));
    } else if (n == 0 || (errno == EAGAIN && ended)) {
      return Gone("output", deadline);
    } else if (errno == EAGAIN) {
      ARCTRM_RETURN_IF_ERROR(Await(output_, POLLIN, "output", deadline, ended));
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "can't read from", name_);
    }
  }
  return absl::OkStatus();
}

std::optional<ExitState> Subprocess::Poll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (exit_.has_value()) return exit_;
  const auto id = static_cast<id_t>(pid_);
  siginfo_t info = {};
  if (waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    // The child was already waited for elsewhere, or SIGCHLD is ignored.
    if (errno == ECHILD) exit_ = ExitState();
    return exit_;
  }
  if (info.si_pid == 0) return exit_;
  // The number cannot be reused before waitpid().
  kill(-pid_, SIGKILL);
  waitid(P_PID, id, &info, WEXITED | WNOHANG);
  ExitState state;
  if (info.si_code == CLD_EXITED) {
    state.code = info.si_status;
  } else {
    state.signal = info.si_status;
  }
  exit_ = state;
  return exit_;
}

std::optional<ExitState> Subprocess::Wait(const Deadline& deadline) {
  absl::Duration nap = absl::Microseconds(100);
  for (;;) {
    std::optional<ExitState> state = Poll();
    const absl::Duration left = deadline.Remaining();
    if (state.has_value() || left <= absl::ZeroDuration()) return state;
    absl::SleepFor(std::min(nap, left));
    nap = std::min(2 * nap, kLongestNap);
  }
}

void Subprocess::Signal(int signal) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!exit_.has_value()) kill(-pid_, signal);
}

}  // namespace arctrm
