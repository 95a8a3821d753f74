// SPDX-License-Identifier: MIT
// Reads pickles (protocols 0 to 5) as data: nothing is imported, called or
// built. No Torch here.
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
    kCall,        // items: what was to be called, its arguments (a tuple)
    kPersistent,  // items: the one id
    kOther,       // an integer above 64 bits, an outside buffer
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<int> items;  // places in Pickle::values
};

// What a pickle puts into an object after it was made.
struct PickleContent {
  std::vector<int> entries;  // key, value, key, value …
  std::vector<int> parts;    // appended items, and states that it is set to
};

struct Pickle {
  std::vector<PickleValue> values;
  std::map<int, PickleContent> contents;  // by place, where there is any
  int root = 0;
  const PickleValue& at(int place) const {
    return values[static_cast<size_t>(place)];
  }
};

// DataLoss with the byte offset: truncated, an operation that there isn't, a
// stack or memo that does not hold what is asked for. Objects may refer to
// themselves, so walk with a limit.
absl::StatusOr<Pickle> ParsePickle(absl::string_view bytes);

}  // namespace arctrm::internal
