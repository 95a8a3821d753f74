// SPDX-License-Identifier: MIT
#include "tests/solver/standin/recorder.h"

#include <c10/core/StreamGuard.h>
#include <dlfcn.h>

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "base/status.h"
#include "solver/device/transfer.h"
#include "solver/device_list.h"

namespace arctrm::standin {
namespace {

class Replayed final : public internal::StepRecording {
 public:
  explicit Replayed(std::shared_ptr<Recording> recording)
      : recording_(std::move(recording)) {}
  void Replay() override { recording_->Replay(); }

 private:
  std::shared_ptr<Recording> recording_;
};

// Uses a stream of its own, as the recorder of CUDA graphs does.
class Recorder final : public internal::StepRecorder {
 public:
  void Run(const std::function<void()>& work) override {
    const c10::Stream current = internal::CurrentStream(stream_.device());
    internal::WaitFor(current, stream_);
    {
      const c10::StreamGuard guard(stream_);
      work();
    }
    internal::WaitFor(stream_, current);
  }

  absl::StatusOr<std::unique_ptr<internal::StepRecording>> Record(
      const std::function<void()>& work) override {
    const c10::StreamGuard guard(stream_);
    Opened().BeginRecording(stream_);
    absl::Status status;
    try {
      work();
    } catch (const c10::Error& e) {
      status = absl::InternalError(e.what_without_backtrace());
    }
    std::shared_ptr<Recording> recording = Opened().EndRecording(stream_);
    if (!status.ok()) return status;
    return std::make_unique<Replayed>(std::move(recording));
  }

 private:
  const c10::Stream stream_ =
      internal::NewStream(at::Device(at::kPrivateUse1, 0));
};

}  // namespace

StandIn& Opened() {
  void* library = dlopen(StandInLibrary().c_str(), RTLD_NOW | RTLD_NOLOAD);
  ARCTRM_CHECK(library != nullptr);
  const auto get = reinterpret_cast<decltype(&arctrm_standin)>(
      dlsym(library, "arctrm_standin"));
  ARCTRM_CHECK(get != nullptr);
  return *get();
}

std::unique_ptr<internal::StepRecorder> MakeRecorder() {
  return std::make_unique<Recorder>();
}

}  // namespace arctrm::standin
