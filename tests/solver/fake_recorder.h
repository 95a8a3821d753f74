// SPDX-License-Identifier: MIT
// Recorders whose recordings call the work again. Like a graph, they repeat the
// same operations in the same memory.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "solver/device/step_recorder.h"
#include "tests/solver/on_test_device.h"
#include "tests/solver/standin/recorder.h"

namespace arctrm::internal {

// Recordings also call `also` after the work.
class Distorted : public StepRecorder {
 public:
  explicit Distorted(std::function<void()> also) : also_(std::move(also)) {}
  void Run(const std::function<void()>& work) override { work(); }
  absl::StatusOr<std::unique_ptr<StepRecording>> Record(
      const std::function<void()>& work) override {
    return std::make_unique<Recording>([also = also_, work] {
      work();
      also();
    });
  }

 private:
  class Recording : public StepRecording {
   public:
    explicit Recording(std::function<void()> work) : work_(std::move(work)) {}
    void Replay() override { work_(); }

   private:
    std::function<void()> work_;
  };
  std::function<void()> also_;
};

class CallAgain : public Distorted {
 public:
  explicit CallAgain(bool works = true) : Distorted([] {}), works_(works) {}
  absl::StatusOr<std::unique_ptr<StepRecording>> Record(
      const std::function<void()>& work) override {
    if (!works_) return absl::InternalError("not today");
    return Distorted::Record(work);
  }

 private:
  bool works_;
};

// A recorder for the test device; the stand-in records for itself.
inline std::unique_ptr<StepRecorder> MakeTestRecorder() {
  if (TestDevice().is_privateuseone()) return standin::MakeRecorder();
  return std::make_unique<CallAgain>();
}

}  // namespace arctrm::internal
