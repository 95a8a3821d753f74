// SPDX-License-Identifier: MIT
#pragma once

#include "arc/grid.h"

namespace arctrm {

// A grid from text such as "12 34": two rows of two cells.
inline Grid G(const char* text) { return Grid::FromText(text); }

}  // namespace arctrm
