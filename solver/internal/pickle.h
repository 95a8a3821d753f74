// SPDX-License-Identifier: MIT
// Reads the pickles that torch.save writes (protocols 2 to 5), as data: nothing
// is imported, called or built. No Torch here.
#pragma once

#include <cstdint>
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
    kText,        // text; also bytes
    kTuple,       // items
    kList,        // items
    kDict,        // items: key, value, key, value …
    kGlobal,      // text: "module name"
    kCall,        // items: what was to be called, its arguments (a tuple)
    kPersistent,  // items: the one id
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<int> items;  // places in Pickle::values
};

struct Pickle {
  std::vector<PickleValue> values;
  int root = 0;
  const PickleValue& at(int place) const {
    return values[static_cast<size_t>(place)];
  }
};

// DataLoss with the byte offset: truncated, an operation that torch.save does
// not write, a stack or memo that does not hold what is asked for. Objects may
// refer to themselves, so walk with a limit.
absl::StatusOr<Pickle> ParsePickle(absl::string_view bytes);

// A tensor that a state dict describes; its numbers stand in another record of
// the file.
struct PickledTensor {
  std::string name;
  std::string storage;  // record "data/<storage>"
  std::string dtype;    // "F32", "BF16", "F16", "F64", "I64", "I32", "U8" …
  int64_t storage_size = 0;  // numbers in the record
  int64_t offset = 0;        // first number
  std::vector<int64_t> shape;
  std::vector<int64_t> stride;  // in numbers
};

// The tensors of a state dict: the pickled dict itself, or the first of
// "state_dict", "model" and "ema" in it that is a dict. Entries that are no
// tensors are left out. DataLoss: no tensors, a tensor reaching outside its
// storage; InvalidArgument: a global that no state dict needs, named.
absl::StatusOr<std::vector<PickledTensor>> StateDictTensors(
    const Pickle& pickle);

}  // namespace arctrm::internal
