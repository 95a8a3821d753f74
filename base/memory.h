// SPDX-License-Identifier: MIT
// Memory that this process uses and may still use.
#pragma once

#include <cstdint>

namespace arctrm {

// Resident bytes of this process; 0 if unknown.
int64_t ResidentBytes();

// Bytes that this process can still allocate: the minimum of the memory
// available on the machine, in its control groups (containers, version 1 and
// 2), and below its own limits (`ulimit -v`, `ulimit -d`). The largest int64_t
// if nothing is known.
int64_t AvailableMemoryBytes();

}  // namespace arctrm
