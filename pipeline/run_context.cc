// SPDX-License-Identifier: MIT
#include "pipeline/run_context.h"

#include "base/files.h"

namespace arctrm {

RunContext::RunContext(const RunOptions& asked, const Deadline& deadline,
                       Log& log, Engine& runs_on)
    : options(asked),
      budget(deadline),
      engine(runs_on),
      journal(asked.work.empty() ? BesidePath(asked.out, ".run") : asked.work,
              asked.unattended, log) {}

}  // namespace arctrm
