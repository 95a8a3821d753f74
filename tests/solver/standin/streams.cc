// SPDX-License-Identifier: MIT
#include "tests/solver/standin/streams.h"

#include <algorithm>

namespace arctrm::standin {
namespace {

thread_local c10::StreamId current_stream = 0;

size_t IndexOf(c10::StreamId stream) { return static_cast<size_t>(stream); }

void Join(const Clock& from, Clock& to) {
  for (size_t i = 0; i < kStreams; ++i) to[i] = std::max(to[i], from[i]);
}

}  // namespace

Streams& Streams::Get() {
  static auto& streams = *new Streams;
  return streams;
}

c10::StreamId Streams::current() { return current_stream; }

c10::StreamId Streams::Exchange(c10::StreamId stream) {
  return std::exchange(current_stream, stream);
}

c10::StreamId Streams::New() {
  const std::lock_guard<std::mutex> lock(mutex_);
  last_ = last_ + 1 < static_cast<c10::StreamId>(kStreams) ? last_ + 1 : 1;
  return last_;
}

Clock& Streams::ClockOf(c10::StreamId stream) {
  Clock& clock = clocks_[IndexOf(stream)];
  // The host starts new work after everything that it knows to be done.
  Join(finished_, clock);
  return clock;
}

int64_t Streams::Begin() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ++ClockOf(current_stream)[IndexOf(current_stream)];
}

void Streams::Read(const std::string& name, int64_t time, Uses& uses) {
  const std::lock_guard<std::mutex> lock(mutex_);
  TORCH_CHECK(uses.write_time <= ClockOf(current_stream)[IndexOf(uses.writer)],
              "standin: ", name, " on stream ", current_stream,
              " reads the result of ", uses.write_name, " on stream ",
              uses.writer, " without waiting for it");
  int64_t& last = uses.reads[IndexOf(current_stream)];
  last = std::max(last, time);
}

void Streams::Write(const std::string& name, int64_t time, Uses& uses) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Clock& before = ClockOf(current_stream);
  TORCH_CHECK(uses.write_time <= before[IndexOf(uses.writer)],
              "standin: ", name, " on stream ", current_stream,
              " overwrites the result of ", uses.write_name, " on stream ",
              uses.writer, " without waiting for it");
  for (size_t i = 0; i < kStreams; ++i) {
    TORCH_CHECK(uses.reads[i] <= before[i], "standin: ", name, " on stream ",
                current_stream, " overwrites memory that stream ", i,
                " may still read: the result of ", uses.write_name);
  }
  uses = {current_stream, time, name, {}};
}

void Streams::Forget(const std::vector<c10::StreamId>& streams, Uses& uses) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const c10::StreamId stream : streams) {
    uses.reads[IndexOf(stream)] = 0;
    if (uses.writer == stream) uses.write_time = 0;
  }
}

Clock Streams::Record(c10::StreamId stream) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return clocks_[IndexOf(stream)];
}

void Streams::Block(const Clock& event, c10::StreamId stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Join(event, clocks_[IndexOf(stream)]);
}

Clock Streams::Finish(const Clock& event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Join(event, finished_);
  return finished_;
}

Clock Streams::Everything() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Clock all = {};
  for (const Clock& clock : clocks_) Join(clock, all);
  return all;
}

}  // namespace arctrm::standin
