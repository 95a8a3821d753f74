// SPDX-License-Identifier: MIT
// Finds the tensors in a pickle of torch.save, at any depth. Free of LibTorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "solver/checkpoint/pickle.h"
#include "solver/checkpoint/weight_sets.h"

namespace arctrm::internal {

// A tensor description; its numbers are in another record of the file.
struct PickledTensor {
  std::string storage;  // record "data/<storage>"
  // "F32", "BF16", "F16", "F64", "I64", "I32", "U8" …; PyTorch's name
  // ("float8_e4m3fn") for other types.
  std::string dtype;
  int64_t storage_size = 0;  // numbers in the record
  int64_t offset = 0;        // index of the first number
  std::vector<int64_t> shape;
  std::vector<int64_t> stride;  // in numbers
};

struct FoundTensor {
  // Keys, attributes and list indices from the root, joined by dots, without
  // PyTorch's wrappers of modules ("_orig_mod", "_modules").
  std::string path;
  size_t container = 0;  // length of the prefix that names its container
  // DataLoss for an invalid description, such as a tensor that exceeds its
  // storage; InvalidArgument for another object under the name of a weight.
  absl::Status status;
  PickledTensor tensor;
};

// Searches dicts, lists, tuples and the content of objects, each once. Skips
// other objects except those under the name of a weight. Adds the numbers under
// names of IsCounterName to `numbers` unless it is nullptr.
std::vector<FoundTensor> FindTensors(
    const Pickle& pickle, std::vector<NamedNumber>* numbers = nullptr);

// The top level of the pickle, for people: "a dict of step (int),
// model_state_dict (17 tensors), rng_state (tensor (5056), U8)".
std::string DescribeTop(const Pickle& pickle);

}  // namespace arctrm::internal
