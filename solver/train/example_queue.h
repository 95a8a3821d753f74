// SPDX-License-Identifier: MIT
// A stream of training examples of which some wait, drawn before they were
// wanted. No Torch here.
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

// What was drawn ahead changes neither the stream nor State(). Not thread-safe.
class ExampleQueue {
 public:
  struct Entry {
    Example example;
    // window.size.cells() tokens each, where it was encoded ahead; else empty.
    std::vector<uint8_t> input, label;
  };

  explicit ExampleQueue(ExampleSampler sampler)
      : sampler_(std::move(sampler)) {}

  // Draws until `count` examples wait; with `encode` they are encoded too.
  void DrawAhead(int64_t count, bool encode);
  // The first that waits, else a new one.
  Entry Next();
  // As ExampleSampler::Encode.
  void Encode(const Entry& entry, uint8_t* input, uint8_t* label) const;

  // For what does not depend on the place in the stream.
  const ExampleSampler& sampler() const { return sampler_; }
  int64_t waiting() const { return static_cast<int64_t>(waiting_.size()); }

  // Of a sampler that has drawn what Next gave out, and back.
  std::string State() const;
  absl::Status SetState(const std::string& state);

 private:
  ExampleSampler sampler_;
  std::deque<Entry> waiting_;
  // Where Next stood `behind_by_` examples ago; unset until something is drawn
  // ahead, as what is given out is then all that was drawn.
  std::optional<ExampleSampler> behind_;
  int64_t behind_by_ = 0;
};

}  // namespace arctrm::internal
