// SPDX-License-Identifier: MIT
// How much memory this process has and may still take.
#pragma once

#include <cstdint>

namespace arctrm {

// Bytes of memory that this process occupies now; 0 where that is unknown.
int64_t ResidentBytes();

// Bytes that this process can still take: what the machine has available, the
// limits of its control groups (containers, version 1 and 2), and its own
// limits (`ulimit -v`, `ulimit -d`). The largest int64_t where nothing is
// known.
int64_t AvailableMemoryBytes();

}  // namespace arctrm
