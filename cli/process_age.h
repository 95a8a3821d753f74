// SPDX-License-Identifier: MIT
#pragma once

#include "absl/time/time.h"

namespace arctrm {

// How long this process has been running, an exec in between included; zero
// where /proc doesn't tell.
absl::Duration ProcessAge();

}  // namespace arctrm
