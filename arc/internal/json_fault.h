// SPDX-License-Identifier: MIT
// Finds where text stops being JSON. simdjson reports only that it does.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace arctrm {

// Nesting of arrays and objects. Files of tasks need 6; unknown keys may nest
// deeper.
inline constexpr int kMaxJsonDepth = 16;
// The same for simdjson, which counts the document itself.
inline constexpr int kParserDepth = kMaxJsonDepth + 1;

// Says where and why `text` is not a JSON document: "line 3, column 7
// (00576224.train[0].input[2]): expected ',' or ']', found 'x'". Returns "" for
// valid JSON. Takes linear time. Nesting beyond kMaxJsonDepth is a fault.
std::string DescribeJsonFault(absl::string_view text);
// The same for one line of JSON lines: "column 7 (...): ...".
std::string DescribeJsonLineFault(absl::string_view line);

}  // namespace arctrm
