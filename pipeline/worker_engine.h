// SPDX-License-Identifier: MIT
// An engine that runs the model in worker processes, one per device, and
// watches them. A worker that crashes, hangs or is killed costs a device or
// some steps, never the run.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/engine.h"

namespace arctrm {

struct WorkerOptions {
  std::string solver;  // path of the program `arctrm-solver`
  // Folder for files that workers need, and for their standard error.
  std::string scratch;
  // No answer is awaited longer.
  Deadline deadline;
};

// Looks up devices once, at the first call: "auto", "cpu", "cuda:0,1", or
// "cpu,cpu" for two processes that share the threads of the CPU. Borrows `log`,
// which receives the messages of workers.
std::unique_ptr<Engine> MakeWorkerEngine(const WorkerOptions& options,
                                         Log& log);

}  // namespace arctrm
