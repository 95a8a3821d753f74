// SPDX-License-Identifier: MIT
// A spare folder on another disk, for a work folder without room.
#pragma once

#include <cstdint>
#include <string>

namespace arctrm {

// Chooses a folder for the work folder `work` on another disk: in $TMPDIR,
// /tmp, /var/tmp or /dev/shm, whichever has the most room. Does not make it.
// Equal for equal `work`; the name contains the user. "" if none has `least`
// bytes.
std::string SpareFolder(const std::string& work, int64_t least);

}  // namespace arctrm
