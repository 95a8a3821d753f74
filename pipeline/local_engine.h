// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "pipeline/engine.h"

namespace arctrm {

// Everything in this process, on one device.
std::unique_ptr<Engine> MakeLocalEngine();

}  // namespace arctrm
