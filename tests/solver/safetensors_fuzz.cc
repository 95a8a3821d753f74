// SPDX-License-Identifier: MIT
// Parses any bytes as safetensors. Every tensor must lie within the file.
#include <cstdlib>

#include "solver/checkpoint/safetensors.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = arctrm::internal::SafetensorsFile::Parse(
      std::string(reinterpret_cast<const char*>(data), size), "fuzz");
  if (!file.ok()) return 0;
  int64_t sum = 0;
  for (const auto& [name, tensor] : file->tensors()) {
    int64_t numbers = 1;
    for (const int64_t length : tensor.shape) numbers *= length;
    if (numbers * arctrm::internal::DtypeBytes(tensor.dtype) !=
        static_cast<int64_t>(tensor.bytes.size())) {
      abort();
    }
    for (const char byte : tensor.bytes) sum += byte;
  }
  // Reads every byte, and checks the range of their sum.
  if (sum > 128 * static_cast<int64_t>(size)) abort();
  return 0;
}
