// SPDX-License-Identifier: MIT
// The tensors that a pickle of torch.save describes, wherever they lie in it.
// No Torch here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "solver/checkpoint/pickle.h"
#include "solver/checkpoint/weight_sets.h"

namespace arctrm::internal {

// Its numbers stand in another record of the file.
struct PickledTensor {
  std::string storage;  // record "data/<storage>"
  // "F32", "BF16", "F16", "F64", "I64", "I32", "U8" …; what PyTorch calls it
  // where DtypeBytes knows none ("float8_e4m3fn").
  std::string dtype;
  int64_t storage_size = 0;  // numbers in the record
  int64_t offset = 0;        // first number
  std::vector<int64_t> shape;
  std::vector<int64_t> stride;  // in numbers
};

struct FoundTensor {
  // Keys, attributes and places in lists from the root, with dots between.
  // What PyTorch puts around modules ("_orig_mod", "_modules") is left out.
  std::string path;
  size_t container = 0;  // so many characters name what it stands in
  // Why it can't be read: DataLoss for a description that makes no sense, such
  // as a tensor that reaches outside its storage; InvalidArgument for another
  // object where a weight should stand.
  absl::Status status;
  PickledTensor tensor;
};

// Dicts, lists, tuples and what objects hold are all looked at, each once; what
// is no tensor is passed over, but for objects under the name of a weight.
// `numbers`, where not nullptr, takes those that stand under a name of
// IsCounterName.
std::vector<FoundTensor> FindTensors(
    const Pickle& pickle, std::vector<NamedNumber>* numbers = nullptr);

// What the pickle holds at its top, for people: "a dict of step (int),
// model_state_dict (17 tensors), rng_state (tensor (5056), U8)".
std::string DescribeTop(const Pickle& pickle);

}  // namespace arctrm::internal
