// SPDX-License-Identifier: MIT
#include "base/stop.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace arctrm {
namespace {

std::atomic<int> stop_signal{0};

void OnSignal(int signal) {
  if (signal == SIGINT && stop_signal.load() != 0) _exit(128 + signal);
  stop_signal.store(signal);
}

}  // namespace

void InstallStopSignals() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int StopSignal() { return stop_signal.load(); }

void RequestStop(int signal) { stop_signal.store(signal); }

}  // namespace arctrm
