// SPDX-License-Identifier: MIT
// Reads pickles (protocols 0 to 5) as data, without importing, calling or
// building anything. Free of LibTorch.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm::internal {

struct PickleValue {
  enum class Kind {
    kNone,
    kBool,        // integer
    kInt,         // integer
    kFloat,       // real
    kText,        // text
    kBytes,       // text
    kTuple,       // items
    kList,        // items; also sets
    kDict,        // items: key, value, key, value …
    kGlobal,      // text: "module name"
    kCall,        // items: the callable, its arguments (a tuple)
    kPersistent,  // items: the one id
    kOther,       // an integer above 64 bits, an out-of-band buffer
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<int> items;  // indices into Pickle::values
};

// Content that a pickle adds to an object after its creation.
struct PickleContent {
  std::vector<int> entries;  // key, value, key, value …
  std::vector<int> parts;    // appended items and assigned states
};

struct Pickle {
  std::vector<PickleValue> values;
  std::map<int, PickleContent> contents;  // by index into `values`
  int root = 0;
  const PickleValue& at(int place) const {
    return values[static_cast<size_t>(place)];
  }
};

// DataLoss with the byte offset for truncated data, unknown opcodes, and
// missing entries of stack or memo. Objects may contain themselves, so walk
// them with a limit.
absl::StatusOr<Pickle> ParsePickle(absl::string_view bytes);

}  // namespace arctrm::internal
