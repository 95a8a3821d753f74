// SPDX-License-Identifier: MIT
// An engine that does nothing: for a job whose time limit is shorter than
// loading LibTorch takes, so that it ends in time with a valid submission.
#pragma once

#include <memory>

#include "pipeline/engine.h"

namespace arctrm {

// No step fits, a training ends before its first step, nothing can predict.
std::unique_ptr<Engine> MakeIdleEngine();

}  // namespace arctrm
