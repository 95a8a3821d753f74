// SPDX-License-Identifier: MIT
// An engine whose model runs in processes of their own, one per device, started
// and watched from here: what crashes, hangs or is killed there costs a device
// or some steps, never the job.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/engine.h"

namespace arctrm {

struct WorkerOptions {
  std::string solver;  // path of the program `arctrm-solver`
  // Folder for what workers need as files and write to standard error.
  std::string scratch;
  // Nothing is waited for beyond it.
  Deadline deadline;
};

// Devices of a request ("auto", "cpu", "cuda:0,1", "cpu,cpu": two processes on
// the processor, which share its threads) are looked up once. `log` takes what
// workers say and must outlive the engine.
std::unique_ptr<Engine> MakeWorkerEngine(const WorkerOptions& options,
                                         Log& log);

}  // namespace arctrm
