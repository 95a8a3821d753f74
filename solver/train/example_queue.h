// SPDX-License-Identifier: MIT
// A stream of training examples, some drawn ahead of use. Free of LibTorch.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "solver/train/sampler.h"

namespace arctrm::internal {

// Drawing ahead changes neither the stream nor State(). Not thread-safe.
class ExampleQueue {
 public:
  struct Entry {
    Example example;
    // window.size.cells() tokens each; empty unless encoded ahead.
    std::vector<uint8_t> input, label;
  };

  explicit ExampleQueue(ExampleSampler sampler)
      : sampler_(std::move(sampler)) {}

  // Draws until `count` examples wait, and encodes them with `encode`.
  void DrawAhead(int64_t count, bool encode);
  // The first waiting example, or a new one.
  Entry Next();
  // As ExampleSampler::Encode.
  void Encode(const Entry& entry, uint8_t* input, uint8_t* label) const;

  // Only for members that do not depend on the position in the stream.
  const ExampleSampler& sampler() const { return sampler_; }
  int64_t waiting() const { return static_cast<int64_t>(waiting_.size()); }

  // The state of a sampler that has drawn exactly the examples from Next().
  std::string State() const;
  absl::Status SetState(const std::string& state);

 private:
  ExampleSampler sampler_;
  std::deque<Entry> waiting_;
  // The sampler as of `behind_by_` calls of Next() ago. Unset until an example
  // is drawn ahead; sampler_ then has the state of Next().
  std::optional<ExampleSampler> behind_;
  int64_t behind_by_ = 0;
};

}  // namespace arctrm::internal
