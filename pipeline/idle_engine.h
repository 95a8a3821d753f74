// SPDX-License-Identifier: MIT
// An engine that does nothing. With it, a run whose time limit is too short for
// loading LibTorch ends in time with a valid submission.
#pragma once

#include <memory>

#include "pipeline/engine.h"

namespace arctrm {

// MeasureStep() reports an incomplete step, Train() ends before the first step,
// and LoadPredictors() returns Unavailable.
std::unique_ptr<Engine> MakeIdleEngine();

}  // namespace arctrm
