// SPDX-License-Identifier: MIT
// A pickle from any bytes. Every tensor that is found lies inside its storage.
#include <cstdlib>

#include "solver/checkpoint/pickle.h"
#include "solver/checkpoint/pickled_tensors.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint/weight_sets.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using arctrm::internal::FoundTensor;
  const auto pickle = arctrm::internal::ParsePickle(
      {reinterpret_cast<const char*>(data), size});
  if (!pickle.ok()) return 0;
  (void)arctrm::internal::DescribeTop(*pickle);
  arctrm::internal::NamedContents contents;
  for (const FoundTensor& found :
       arctrm::internal::FindTensors(*pickle, &contents.numbers)) {
    contents.tensors.push_back({found.path, found.container, found.status.ok(),
                                found.tensor.shape, found.tensor.storage});
    if (found.container > found.path.size() + 1) abort();
    if (!found.status.ok()) continue;
    const arctrm::internal::PickledTensor& tensor = found.tensor;
    if (tensor.shape.size() != tensor.stride.size()) abort();
    if (arctrm::internal::DtypeBytes(tensor.dtype) == 0) continue;
    int64_t last = tensor.offset;
    bool empty = false;
    for (size_t i = 0; i < tensor.shape.size(); ++i) {
      empty = empty || tensor.shape[i] == 0;
      if (tensor.shape[i] < 0 || tensor.stride[i] < 0) abort();
      last += (tensor.shape[i] - 1) * tensor.stride[i];
    }
    if (!empty && (tensor.offset < 0 || last >= tensor.storage_size)) abort();
  }
  for (const auto& set : arctrm::internal::FindWeightSets(contents).sets) {
    if (set.name.empty() || set.members.size() != set.names.size()) abort();
  }
  return 0;
}
