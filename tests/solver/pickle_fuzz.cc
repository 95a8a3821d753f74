// SPDX-License-Identifier: MIT
// A pickle from any bytes. Every tensor that is found lies inside its storage.
#include <cstdlib>

#include "solver/internal/pickle.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto pickle = arctrm::internal::ParsePickle(
      {reinterpret_cast<const char*>(data), size});
  if (!pickle.ok()) return 0;
  const auto tensors = arctrm::internal::StateDictTensors(*pickle);
  if (!tensors.ok()) return 0;
  for (const auto& tensor : *tensors) {
    if (tensor.shape.size() != tensor.stride.size()) abort();
    int64_t last = tensor.offset;
    bool empty = false;
    for (size_t i = 0; i < tensor.shape.size(); ++i) {
      empty = empty || tensor.shape[i] == 0;
      if (tensor.shape[i] < 0 || tensor.stride[i] < 0) abort();
      last += (tensor.shape[i] - 1) * tensor.stride[i];
    }
    if (!empty && (tensor.offset < 0 || last >= tensor.storage_size)) abort();
  }
  return 0;
}
