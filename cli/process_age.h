// SPDX-License-Identifier: MIT
#pragma once

#include "absl/time/time.h"

namespace arctrm {

// Returns the time since this process started; exec doesn't reset it. Zero if
// /proc can't be read.
absl::Duration ProcessAge();

}  // namespace arctrm
