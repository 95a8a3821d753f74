// SPDX-License-Identifier: MIT
// The embedded default: generated tasks, a shipped checkpoint, the whole job.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/log.h"
#include "pipeline/run.h"
#include "pipeline/run_options.h"

namespace arctrm {

// Rules that the shipped checkpoint never saw: the demo tells them apart.
// recipes/pretrain-demo.sh leaves them out.
const std::vector<std::string>& LeftOutRules();

struct DemoOptions {
  std::string out = "arctrm-demo";  // folder
  uint64_t seed = 0;
  bool from_scratch = false;
  // Replace a demo that stands there, and files that no demo made.
  bool overwrite = false;
  // Model, training, planning, device: run.checkpoint is set by the demo.
  RunOptions run;
};

struct DemoOutcome {
  RunOutcome run;
  std::string challenges, solutions, submission, report;
};

// Writes challenges.json, solutions.json and, unless from scratch, checkpoint/
// to options.out, runs the job on them, scores it, writes report.html. The
// tasks of a seed are the same everywhere; none of the shipped checkpoint's
// training tasks has a demo seed.
absl::StatusOr<DemoOutcome> RunDemo(const DemoOptions& options,
                                    const Deadline& deadline, Log& log);

// The shipped checkpoint's files, embedded in the program.
struct EmbeddedFile {
  std::string name;
  std::string bytes;
};
std::vector<EmbeddedFile> DemoCheckpointFiles();

}  // namespace arctrm
