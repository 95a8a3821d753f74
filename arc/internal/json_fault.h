// SPDX-License-Identifier: MIT
// Where text stops being JSON. simdjson says that it does, not where.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace arctrm {

// Arrays and objects within each other: what a file of tasks needs is 6; more
// is left for keys that are not ours.
inline constexpr int kMaxJsonDepth = 16;
// The same for simdjson, which counts the document itself.
inline constexpr int kParserDepth = kMaxJsonDepth + 1;

// Says where `text` is not a JSON document and why, such as "line 3, column 7
// (00576224.train[0].input[2]): expected ',' or ']', found 'x'"; "" when
// nothing is found. Linear in the text; nesting beyond kMaxJsonDepth is a
// fault.
std::string DescribeJsonFault(absl::string_view text);
// The same for one line of JSON lines: "column 7 (...): ...".
std::string DescribeJsonLineFault(absl::string_view line);

}  // namespace arctrm
