// SPDX-License-Identifier: MIT
#include "base/stop.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <atomic>

#include "absl/strings/str_cat.h"

namespace arctrm {
namespace {

std::atomic<int> stop_signal{0};

void OnSignal(int signal) {
  if ((signal == SIGINT || signal == SIGQUIT) && stop_signal.load() != 0) {
    _exit(128 + signal);
  }
  stop_signal.store(signal);
}

bool IsIgnored(int signal) {
  struct sigaction now = {};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

void InstallStopSignals() {
  IgnoreWriteSignals();
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  for (int signal :
       {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU, SIGUSR1, SIGUSR2}) {
    if (signal == SIGHUP && IsIgnored(signal)) continue;
    sigaction(signal, &action, nullptr);
  }
}

void IgnoreWriteSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  sigemptyset(&action.sa_mask);
  for (int signal : {SIGPIPE, SIGXFSZ}) sigaction(signal, &action, nullptr);
}

int StopSignal() { return stop_signal.load(); }

std::string SignalName(int signal) {
  const char* const name = sigabbrev_np(signal);
  return name != nullptr ? absl::StrCat("SIG", name)
                         : absl::StrCat("signal ", signal);
}

absl::Status StoppedError(absl::string_view doing) {
  return absl::CancelledError(
      absl::StrCat("stopped by ", SignalName(StopSignal()), " while ", doing));
}

void RequestStop(int signal) { stop_signal.store(signal); }

}  // namespace arctrm
