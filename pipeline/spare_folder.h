// SPDX-License-Identifier: MIT
// Another disk for what a work folder has no room for.
#pragma once

#include <cstdint>
#include <string>

namespace arctrm {

// A folder for the work folder `work`, not made yet, on another disk: of
// $TMPDIR, /tmp, /var/tmp and /dev/shm that with the most room. The same each
// time for the same `work`; its name is this user's. "" where none has `least`
// bytes.
std::string SpareFolder(const std::string& work, int64_t least);

}  // namespace arctrm
