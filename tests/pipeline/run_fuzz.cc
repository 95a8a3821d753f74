// SPDX-License-Identifier: MIT
// run.json or metrics.jsonl from any bytes. The first byte chooses which.
#include <string>

#include "pipeline/run_folder.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 2 == 0) {
    (void)arctrm::ParseRunRecord(text, "run.json");
  } else {
    (void)arctrm::ParseMetrics(text);
  }
  return 0;
}
