// SPDX-License-Identifier: MIT
// Recordings of the stand-in, and the operations that they consist of.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/solver/standin/memory.h"
#include "tests/solver/standin/standin.h"

namespace arctrm::standin {

// A recorded operation. It owns its memory, so that nothing else takes the
// place of it.
struct Step {
  std::string name;
  std::vector<at::Tensor> reads, writes;
  std::function<void()> work;
};

class CapturedWork final : public Recording {
 public:
  CapturedWork();

  void Add(Step step);
  // Call before memory changes.
  void BackUp(const at::Tensor& tensor);
  // Ends the capture: restores older memory and fills newer memory with
  // garbage.
  void Undo();
  void Replay() override;

 private:
  const int64_t first_;  // the first allocation of the capture
  std::mutex mutex_;
  std::vector<Step> steps_;
  std::map<Block*, std::string> backups_;
  std::set<Block*> written_;  // allocated during the capture
};

// The captures in progress, by stream.
class Captures {
 public:
  static Captures& Get();

  void Begin(c10::StreamId stream);
  std::shared_ptr<Recording> End(c10::StreamId stream);
  // The capture of a stream; nullptr for none.
  std::shared_ptr<CapturedWork> Of(c10::StreamId stream) const;
  // Throws c10::Error if the stream is being captured.
  void Forbid(c10::StreamId stream, const char* what) const;

 private:
  mutable std::mutex mutex_;
  std::map<c10::StreamId, std::shared_ptr<CapturedWork>> running_;
  std::atomic<int> count_ = 0;
};

// An operation on the current stream, which counts it.
class Operation {
 public:
  explicit Operation(std::string name);

  // Call before the operation uses the memory. Undefined tensors and tensors of
  // the host have no effect. Throws c10::Error after a missing wait.
  void Reads(const at::Tensor& tensor);
  void Writes(const at::Tensor& tensor);
  // Call after the operation; `again` repeats it.
  void End(std::function<void()> again);

 private:
  std::shared_ptr<CapturedWork> capture_;
  int64_t time_ = 0;
  Step step_;
};

}  // namespace arctrm::standin
