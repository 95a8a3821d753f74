// SPDX-License-Identifier: MIT
// Access to the open stand-in device (solver/device/standin.h), for tests.
#pragma once

#include <memory>

#include "solver/device/step_recorder.h"
#include "tests/solver/standin/standin.h"

namespace arctrm::standin {

// The stand-in of this process; aborts if it is not open.
StandIn& Opened();

// Records steps on the stand-in.
std::unique_ptr<internal::StepRecorder> MakeRecorder();

}  // namespace arctrm::standin
