// SPDX-License-Identifier: MIT
// Reads challenges, solutions and submissions from any bytes; the first byte
// selects the reader.
#include <string>

#include "arc/read.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static const arctrm::MemoryFile file;
  file.Put(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      (void)arctrm::ReadTasks(file.path());
      break;
    case 1:
      (void)arctrm::ReadSolutions(file.path(), nullptr);
      break;
    case 2:
      (void)arctrm::ReadSubmission(file.path());
      break;
    case 3:
      (void)arctrm::ReadTasks(file.path(), {.leave_out = true});
      break;
    case 4:
      (void)arctrm::ReadUsableSolutions(file.path(), {});
      break;
    default:
      (void)arctrm::LookAtArcFile(file.path());
  }
  return 0;
}
