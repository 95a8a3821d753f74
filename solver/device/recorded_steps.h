// SPDX-License-Identifier: MIT
// Recordings of a step, one for each shape of its input. Training and
// prediction replay their steps with it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "arc/grid.h"
#include "solver/device/device.h"
#include "solver/device/step_recorder.h"
#include "solver/device/torch.h"
#include "solver/device/transfer.h"

namespace arctrm::internal {

// The batch rows of a size bucket of `rows` after padding: one of few sizes, at
// most 3 rows or a quarter larger, and at most `max`, which is at least `rows`.
int64_t PaddedRows(int64_t rows, int64_t max);

// The first elements of `flat` as a tensor of `shape`.
Tensor FirstElements(const Tensor& flat, const std::vector<int64_t>& shape);

// Copies `source` to the first rows of `target` and sets the other rows to
// `padding`. Undefined `source`: zeros.
void FillRows(const Tensor& source, int64_t rows, const Tensor& target,
              int64_t padding = 0);

// Why results of the first recording are not those of the plain step; "" if
// they are. Only floating-point tensors count, up to rounding.
std::string DifferenceOfResults(const std::vector<Tensor>& recorded,
                                const std::vector<Tensor>& plain);
// Are all numbers finite?
bool AllFinite(const std::vector<Tensor>& tensors);

// Why a recording that takes longer than the plain step is not used; "" if it
// does not take longer, up to a few per cent.
std::string LostTime(absl::Duration recorded, absl::Duration plain);

// One step of a size bucket, for RecordedSteps.
template <typename Input, typename Output>
class RecordableStep {
 public:
  virtual ~RecordableStep() = default;
  virtual at::Device device() const = 0;
  // The window and the number of batch rows of an input.
  virtual GridSize SizeOf(const Input& input) const = 0;
  virtual int64_t RowsOf(const Input& input) const = 0;
  // Batch rows of the recording for `input`, at least its own; 0 if it cannot
  // be recorded.
  virtual int64_t RecordedRows(const Input& input) const = 0;

  virtual Output RunDirectly(const Input& input) = 0;
  // Memory for inputs of `rows` batch rows in the form of `like`. All
  // recordings share it, since they play one after the other.
  virtual Input Place(const Input& like, int64_t rows) = 0;
  // Copies `from` to the memory `to` and masks the remaining batch rows.
  virtual void Fill(const Input& from, Input& to) = 0;
  // As RunDirectly, in memory of Place(), which it may change.
  virtual Output RunInPlace(Input& input) = 0;
  // Frees the memory of Place().
  virtual void Release() = 0;

  // Calls visit(tensor, whether its first dimension is batch rows) for all
  // tensors of an output, some of which may be undefined.
  using Visitor = std::function<void(Tensor& tensor, bool by_row)>;
  virtual void Visit(Output& output, const Visitor& visit) const = 0;
  // A tensor that a step adds to beside its output; undefined: none.
  virtual Tensor Accumulator() const { return {}; }
};

struct RecordingRules {
  // Recordings at most. Beyond them new shapes run directly, or, if
  // `replace`, take the place of the shape that was not used for longest.
  size_t most = 128;
  bool replace = false;
  // Must the first recording be as fast as the plain step?
  bool timed = false;
  // Called once, if recordings are given up, with the reason.
  std::function<void(const std::string& why)> on_stop = {};
};

// Plays the steps of one model. Each shape (window size, padded rows) runs
// directly the first time and is recorded the second time. The first recording
// is played once for comparison: if it computes other results than the direct
// run or takes longer, if a recording fails, or if recordings leave too little
// memory, all later steps run directly.
template <typename Input, typename Output>
class RecordedSteps {
 public:
  // Borrows `step`. `recorder` may be null: all steps run directly.
  RecordedSteps(RecordableStep<Input, Output>* step,
                std::unique_ptr<StepRecorder> recorder, RecordingRules rules)
      : step_(*step),
        recorder_(std::move(recorder)),
        rules_(std::move(rules)) {}

  // The output of the step, valid until the next call.
  Output Run(const Input& input) {
    const int64_t recorded_rows =
        recorder_ == nullptr ? 0 : step_.RecordedRows(input);
    if (recorded_rows == 0) return step_.RunDirectly(input);
    Entry& entry = entries_[{step_.SizeOf(input), recorded_rows}];
    entry.used = ++uses_;
    if (entry.recording != nullptr) {
      step_.Fill(input, entry.input);
      entry.recording->Replay();
      ++replays_;
      return FirstRows(entry.output, step_.RowsOf(input));
    }
    const Tensor before = CopyOf(step_.Accumulator());
    try {
      if (++entry.seen == 1 || !MakeRoom()) {
        // Runs on the stream of the recordings, because cached memory belongs
        // to one stream.
        Output out;
        recorder_->Run([&] { out = step_.RunDirectly(input); });
        return out;
      }
      placed_ = true;
      entry.input = step_.Place(input, recorded_rows);
      return RunAndRecord(input, before, entry);
    } catch (const c10::Error& e) {
      // Recordings keep memory of their own.
      if (!RanOutOfMemory(e) || !placed_) throw;
    }
    Stop("recordings leave too little memory for other steps");
    Restore(before);
    return step_.RunDirectly(input);
  }

  // Drops all recordings. Call it when the step computes something else.
  void Clear() {
    entries_.clear();
    step_.Release();
    placed_ = false;
  }

  int64_t replays() const { return replays_; }
  size_t recordings() const {
    size_t count = 0;
    for (const auto& [shape, entry] : entries_) {
      count += entry.recording != nullptr;
    }
    return count;
  }

 private:
  struct Entry {
    int64_t seen = 0;
    int64_t used = 0;  // number of its last use
    Input input;       // memory of the step
    Output output;
    std::unique_ptr<StepRecording> recording;
  };

  static Tensor CopyOf(const Tensor& t) { return t.defined() ? t.clone() : t; }

  // The first `rows` batch rows of `all`.
  Output FirstRows(const Output& all, int64_t rows) const {
    Output first = all;
    step_.Visit(first, [rows](Tensor& t, bool by_row) {
      if (t.defined()) t = by_row ? t.narrow(0, 0, rows) : t.clone();
    });
    return first;
  }

  // All tensors of an output, and the accumulator.
  std::vector<Tensor> TensorsOf(Output output) const {
    std::vector<Tensor> all = {step_.Accumulator()};
    step_.Visit(output, [&](Tensor& t, bool) { all.push_back(t); });
    return all;
  }

  void Restore(const Tensor& accumulator) {
    if (accumulator.defined()) step_.Accumulator().copy_(accumulator);
  }

  // Is there room for one more recording?
  bool MakeRoom() {
    if (recordings() < rules_.most) return true;
    if (!rules_.replace) return false;
    auto oldest = entries_.end();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->second.recording == nullptr) continue;
      if (oldest == entries_.end() || it->second.used < oldest->second.used) {
        oldest = it;
      }
    }
    entries_.erase(oldest);
    return true;
  }

  // Runs a size bucket in entry.input and records it. `before`: the
  // accumulator before the step.
  Output RunAndRecord(const Input& input, const Tensor& before, Entry& entry) {
    const auto work = [this, &entry] {
      entry.output = step_.RunInPlace(entry.input);
    };
    step_.Fill(input, entry.input);
    if (!proven_) WaitForDevice(step_.device());
    const absl::Time start = absl::Now();
    recorder_->Run(work);
    if (!proven_) WaitForDevice(step_.device());
    const absl::Duration plain_time = absl::Now() - start;
    Output done = FirstRows(entry.output, step_.RowsOf(input));
    step_.Visit(done, [](Tensor& t, bool) { t = CopyOf(t); });
    auto recorded = recorder_->Record(work);
    if (!recorded.ok()) {
      Stop(absl::StrCat("a step could not be recorded: ",
                        recorded.status().message()));
      return done;
    }
    entry.recording = *std::move(recorded);
    if (proven_) return done;
    std::vector<Tensor> plain = TensorsOf(done);
    plain[0] = CopyOf(plain[0]);
    if (!AllFinite(plain)) {
      // Overflowed numbers prove nothing: record it again.
      entry.recording = nullptr;
      return done;
    }
    Restore(before);
    const std::string problem = Prove(input, plain, plain_time, entry);
    Restore(plain[0]);
    proven_ = true;
    if (!problem.empty()) Stop(problem);
    return done;
  }

  // Plays the first recording. Returns the reason not to use it; "" if it is
  // good.
  std::string Prove(const Input& input, const std::vector<Tensor>& plain,
                    absl::Duration plain_time, Entry& entry) {
    step_.Fill(input, entry.input);
    WaitForDevice(step_.device());
    const absl::Time start = absl::Now();
    entry.recording->Replay();
    WaitForDevice(step_.device());
    const absl::Duration recorded_time = absl::Now() - start;
    const std::string other = DifferenceOfResults(
        TensorsOf(FirstRows(entry.output, step_.RowsOf(input))), plain);
    if (!other.empty() || !rules_.timed) return other;
    return LostTime(recorded_time, plain_time);
  }

  // Drops all recordings for good.
  void Stop(const std::string& why) {
    Clear();
    recorder_ = nullptr;
    if (rules_.on_stop) rules_.on_stop(why);
  }

  RecordableStep<Input, Output>& step_;
  std::unique_ptr<StepRecorder> recorder_;  // null after Stop()
  RecordingRules rules_;
  bool proven_ = false;
  bool placed_ = false;  // does the step have memory for recordings?
  std::map<std::pair<GridSize, int64_t>, Entry> entries_;  // by size, rows
  int64_t uses_ = 0;
  int64_t replays_ = 0;
};

}  // namespace arctrm::internal
