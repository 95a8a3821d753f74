// SPDX-License-Identifier: MIT
// Parses any bytes as a pickle. Every tensor found must lie within its storage.
#include <cstdlib>

#include "solver/checkpoint/pickle.h"
#include "solver/checkpoint/pickled_tensors.h"
#include "solver/checkpoint/weight_sets.h"
#include "tests/solver/tensor_fault.h"
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
    if (arctrm::internal::TensorFault(found) != nullptr) abort();
  }
  for (const auto& set : arctrm::internal::FindWeightSets(contents).sets) {
    if (set.name.empty() || set.members.size() != set.names.size()) abort();
  }
  return 0;
}
