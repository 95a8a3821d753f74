// SPDX-License-Identifier: MIT
// Restores a random stream, or the position in the training data, from any
// bytes. An accepted state must work. The first byte selects the kind.
#include <string>

#include "base/random.h"
#include "solver/train/example_queue.h"
#include "solver/train/sampler.h"
#include "tests/solver/small_training.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 2 == 0) {
    arctrm::Random random(1, "fuzz");
    if (random.SetState(text).ok()) random.Next();
    return 0;
  }
  static const arctrm::Dataset dataset = arctrm::MixedDataset(3);
  static const arctrm::internal::ExampleSampler fresh(&dataset, true, 0, 1, 1);
  arctrm::internal::ExampleQueue queue(fresh);
  if (!queue.SetState(text).ok()) return 0;
  for (int i = 0; i < 40; ++i) queue.Next();
  if (!queue.SetState(queue.State()).ok()) abort();
  return 0;
}
