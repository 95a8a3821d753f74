// SPDX-License-Identifier: MIT
#include "solver/train/example_queue.h"

#include <algorithm>

namespace arctrm::internal {

void ExampleQueue::DrawAhead(int64_t count, bool encode) {
  if (!behind_.has_value()) behind_ = sampler_;
  for (; behind_by_ > 0; --behind_by_) behind_->Next();
  while (waiting() < count) {
    Entry& entry = waiting_.emplace_back();
    entry.example = sampler_.Next();
    if (!encode) continue;
    const auto cells = static_cast<size_t>(entry.example.window.size.cells());
    entry.input.resize(cells);
    entry.label.resize(cells);
    sampler_.Encode(entry.example, entry.input.data(), entry.label.data());
  }
}

ExampleQueue::Entry ExampleQueue::Next() {
  if (behind_.has_value()) ++behind_by_;
  if (waiting_.empty()) return {sampler_.Next(), {}, {}};
  Entry entry = std::move(waiting_.front());
  waiting_.pop_front();
  return entry;
}

void ExampleQueue::Encode(const Entry& entry, uint8_t* input,
                          uint8_t* label) const {
  if (entry.input.empty()) {
    sampler_.Encode(entry.example, input, label);
    return;
  }
  std::copy(entry.input.begin(), entry.input.end(), input);
  std::copy(entry.label.begin(), entry.label.end(), label);
}

std::string ExampleQueue::State() const {
  if (!behind_.has_value()) return sampler_.State();
  ExampleSampler given_out = *behind_;
  for (int64_t i = 0; i < behind_by_; ++i) given_out.Next();
  return given_out.State();
}

absl::Status ExampleQueue::SetState(const std::string& state) {
  waiting_.clear();
  behind_.reset();
  behind_by_ = 0;
  return sampler_.SetState(state);
}

}  // namespace arctrm::internal
