// SPDX-License-Identifier: MIT
// The order of the stand-in's work. Operations run at once, so a missing wait
// between two streams has no effect; clocks detect it instead.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "solver/device/torch.h"

namespace arctrm::standin {

// Stream 0 is the default stream. Others are handed out in turn, like CUDA's.
constexpr size_t kStreams = 33;

// For each stream the number of its operations that come before something.
using Clock = std::array<int64_t, kStreams>;

// The operations that last used a block of memory. A time counts operations of
// a stream from 1.
struct Uses {
  c10::StreamId writer = 0;
  int64_t write_time = 0;  // 0: never written
  std::string write_name;
  Clock reads = {};  // the last read by each stream
};

class Streams {
 public:
  static Streams& Get();

  // The current stream of this thread.
  static c10::StreamId current();
  static c10::StreamId Exchange(c10::StreamId stream);
  c10::StreamId New();

  // Begins an operation on the current stream and returns its time.
  int64_t Begin();
  // The operation `name` at `time` on the current stream uses memory. Throws
  // c10::Error unless it waited for all operations that must precede it.
  void Read(const std::string& name, int64_t time, Uses& uses);
  void Write(const std::string& name, int64_t time, Uses& uses);
  // Other memory takes the place of `uses` only after the work of `streams`.
  void Forget(const std::vector<c10::StreamId>& streams, Uses& uses);

  // An event: everything that precedes the next operation of `stream`.
  Clock Record(c10::StreamId stream) const;
  // The next operation of `stream` comes after `event`.
  void Block(const Clock& event, c10::StreamId stream);
  // The host learns that everything before `event` is done. Returns everything
  // that it knows to be done.
  Clock Finish(const Clock& event);
  // All work that was started so far.
  Clock Everything() const;

 private:
  // Brings the clock of `stream` up to date. Holds mutex_.
  Clock& ClockOf(c10::StreamId stream);

  mutable std::mutex mutex_;
  std::array<Clock, kStreams> clocks_ = {};  // before each stream's next work
  Clock finished_ = {};                      // known to the host
  c10::StreamId last_ = 0;
};

}  // namespace arctrm::standin
