// SPDX-License-Identifier: MIT
// A check of the tensors found in a pickle, for tests and fuzz targets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "solver/checkpoint/pickled_tensors.h"
#include "solver/checkpoint/safetensors.h"

namespace arctrm::internal {

// Describes a violation of FoundTensor's contract, or returns nullptr. A tensor
// that can be read must lie within its storage.
inline const char* TensorFault(const FoundTensor& found) {
  if (found.container > found.path.size() + 1) return "container beyond path";
  if (!found.status.ok()) return nullptr;
  const PickledTensor& tensor = found.tensor;
  if (tensor.shape.size() != tensor.stride.size()) {
    return "shape and stride differ in length";
  }
  if (DtypeBytes(tensor.dtype) == 0) return nullptr;
  int64_t last = tensor.offset;
  bool empty = false;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    empty = empty || tensor.shape[i] == 0;
    if (tensor.shape[i] < 0 || tensor.stride[i] < 0) return "negative size";
    last += (tensor.shape[i] - 1) * tensor.stride[i];
  }
  if (empty) return nullptr;
  return tensor.offset < 0 || last >= tensor.storage_size ? "beyond its storage"
                                                          : nullptr;
}

}  // namespace arctrm::internal
