// SPDX-License-Identifier: MIT
#include "tests/solver/standin/recording.h"

#include <cstring>
#include <utility>

#include "tests/solver/standin/counters.h"

namespace arctrm::standin {

CapturedWork::CapturedWork() : first_(Arena::Get().allocations() + 1) {}

void CapturedWork::Add(Step step) {
  const std::lock_guard<std::mutex> lock(mutex_);
  steps_.push_back(std::move(step));
}

void CapturedWork::BackUp(const at::Tensor& tensor) {
  Block* block = BlockOf(tensor);
  if (block == nullptr) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (block->number >= first_) {
    written_.insert(block);
  } else if (backups_.count(block) == 0) {
    backups_[block].assign(Arena::Get().Reach(block->address), block->bytes);
  }
}

void CapturedWork::Undo() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [block, bytes] : backups_) {
    std::memcpy(Arena::Get().Reach(block->address), bytes.data(), bytes.size());
  }
  for (Block* block : written_) Arena::Get().Spoil(*block);
  backups_.clear();
  written_.clear();
}

void CapturedWork::Replay() {
  Streams& streams = Streams::Get();
  Captures::Get().Forbid(Streams::current(), "a replay");
  Counters::Get().Add(&Counts::replays);
  for (const Step& step : steps_) {
    const int64_t time = streams.Begin();
    for (const at::Tensor& tensor : step.reads) {
      streams.Read(step.name, time, BlockOf(tensor)->uses);
    }
    for (const at::Tensor& tensor : step.writes) {
      streams.Write(step.name, time, BlockOf(tensor)->uses);
    }
    step.work();
  }
}

Captures& Captures::Get() {
  static auto& captures = *new Captures;
  return captures;
}

void Captures::Begin(c10::StreamId stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool fresh =
      running_.emplace(stream, std::make_shared<CapturedWork>()).second;
  TORCH_CHECK(fresh, "standin: stream ", stream, " is already recorded");
  ++count_;
}

std::shared_ptr<Recording> Captures::End(c10::StreamId stream) {
  std::shared_ptr<CapturedWork> ended;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto it = running_.find(stream);
    TORCH_CHECK(it != running_.end(), "standin: stream ", stream,
                " is not recorded");
    ended = std::move(it->second);
    running_.erase(it);
    --count_;
  }
  ended->Undo();
  return ended;
}

std::shared_ptr<CapturedWork> Captures::Of(c10::StreamId stream) const {
  if (count_ == 0) return nullptr;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = running_.find(stream);
  return it == running_.end() ? nullptr : it->second;
}

void Captures::Forbid(c10::StreamId stream, const char* what) const {
  TORCH_CHECK(Of(stream) == nullptr, "standin: ", what,
              " is not possible while stream ", stream, " is recorded");
}

Operation::Operation(std::string name)
    : capture_(Captures::Get().Of(Streams::current())) {
  step_.name = std::move(name);
  Counters::Get().Operation(step_.name);
  if (capture_ == nullptr) time_ = Streams::Get().Begin();
}

void Operation::Reads(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.is_cpu()) return;
  Block* block = BlockOf(tensor);
  if (block == nullptr) return;
  if (capture_ != nullptr) {
    step_.reads.push_back(tensor);
  } else {
    Streams::Get().Read(step_.name, time_, block->uses);
  }
}

void Operation::Writes(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.is_cpu()) return;
  Block* block = BlockOf(tensor);
  if (block == nullptr) return;
  if (capture_ != nullptr) {
    capture_->BackUp(tensor);
    step_.writes.push_back(tensor);
  } else {
    Streams::Get().Write(step_.name, time_, block->uses);
  }
}

void Operation::End(std::function<void()> again) {
  if (capture_ == nullptr) return;
  step_.work = std::move(again);
  capture_->Add(std::move(step_));
}

}  // namespace arctrm::standin
