// SPDX-License-Identifier: MIT
// The demo: generated tasks, the shipped checkpoint and a whole run.
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

// Rules that recipes/pretrain-demo.sh omits. The demo scores them apart,
// because the shipped checkpoint was not trained on them.
const std::vector<std::string>& LeftOutRules();

struct DemoOptions {
  std::string out = "arctrm-demo";  // folder
  uint64_t seed = 0;
  bool from_scratch = false;
  // Replaces an earlier demo, and files that no demo wrote.
  bool overwrite = false;
  // Model, training, planning and device. The demo sets run.checkpoint.
  RunOptions run;
};

struct DemoOutcome {
  RunOutcome run;
  std::string challenges, solutions, submission, report;
};

// Writes challenges.json, solutions.json and, unless from_scratch, checkpoint/
// to options.out, executes a run on them, scores it and writes report.html. A
// seed gives the same tasks on every machine, and none of the tasks that the
// shipped checkpoint was trained on.
//
// InvalidArgument for a seed that is too large; FailedPrecondition if
// options.out holds other files, or if the build has no checkpoint; errors of
// ExecuteRun().
absl::StatusOr<DemoOutcome> RunDemo(const DemoOptions& options,
                                    const Deadline& deadline, Log& log);

// The files of the shipped checkpoint, embedded in the program.
struct EmbeddedFile {
  std::string name;
  std::string bytes;
};
std::vector<EmbeddedFile> DemoCheckpointFiles();

}  // namespace arctrm
