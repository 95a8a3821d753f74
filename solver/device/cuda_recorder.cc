// SPDX-License-Identifier: MIT
// CUDA graphs by at::cuda::CUDAGraph. The class is in libtorch_cuda, which the
// program loads but does not link (device.cc), so its functions are found by
// their names; those of torch 2.8 to 2.11 are the same.
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/StreamGuard.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/shared_library.h"
#include "base/status.h"
#include "solver/device/step_recorder.h"
#include "solver/device/transfer.h"

namespace arctrm::internal {
namespace {

using PoolId = std::pair<unsigned long long, unsigned long long>;  // NOLINT

struct GraphFunctions {
  void (*construct)(void* graph, bool keep_graph);
  void (*destroy)(void* graph);
  void (*begin)(void* graph, PoolId pool, int mode);
  void (*end)(void* graph);
  void (*replay)(void* graph);
  PoolId (*pool)(void* graph);
};

absl::StatusOr<GraphFunctions> FindGraphFunctions() {
  ARCTRM_ASSIGN_OR_RETURN(const SharedLibrary library,
                          SharedLibrary::FindLoaded("libtorch_cuda.so"));
  GraphFunctions found = {};
  const auto find = [&](const char* name, auto& function) {
    return library.Find(absl::StrCat("_ZN2at4cuda9CUDAGraph", name).c_str(),
                        function);
  };
  if (!find("C1Eb", found.construct) || !find("D1Ev", found.destroy) ||
      !find("13capture_beginESt4pairIyyE21cudaStreamCaptureMode",
            found.begin) ||
      !find("11capture_endEv", found.end) || !find("6replayEv", found.replay) ||
      !find("4poolEv", found.pool)) {
    return absl::UnimplementedError(
        "this torch has no at::cuda::CUDAGraph of a known form");
  }
  return found;
}

// An at::cuda::CUDAGraph.
class Graph {
 public:
  explicit Graph(const GraphFunctions& functions) : functions_(functions) {
    functions_.construct(memory_.data(), /*keep_graph=*/false);
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph() { functions_.destroy(memory_.data()); }

  void Begin(PoolId pool) {
    // Restricts only this thread: the backward pass runs on a thread of
    // LibTorch, and other threads may use the device.
    constexpr int kThreadLocal = 1;  // cudaStreamCaptureModeThreadLocal
    functions_.begin(memory_.data(), pool, kThreadLocal);
  }
  void End() { functions_.end(memory_.data()); }
  void Replay() { functions_.replay(memory_.data()); }
  // The pool of its memory, which other graphs may share. After End().
  PoolId pool() { return functions_.pool(memory_.data()); }

 private:
  GraphFunctions functions_;
  // The object has about 200 bytes.
  alignas(64) std::array<char, 4096> memory_ = {};
};

// Frees cached memory of the device, which cannot be freed during a recording.
void EmptyCache(c10::DeviceType type) {
  if (auto* allocator =
          dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(type))) {
    allocator->emptyCache();
  }
}

class CudaRecording : public StepRecording {
 public:
  CudaRecording(at::Device device, std::unique_ptr<Graph> graph)
      : device_(device), graph_(std::move(graph)), pool_(graph_->pool()) {}
  CudaRecording(const CudaRecording&) = delete;
  CudaRecording& operator=(const CudaRecording&) = delete;
  ~CudaRecording() override {
    const c10::DeviceGuard guard(device_);
    // The graph may still run.
    c10::impl::VirtualGuardImpl(device_.type())
        .synchronizeStream(CurrentStream(device_));
    graph_.reset();
  }

  void Replay() override {
    const c10::DeviceGuard guard(device_);
    graph_->Replay();
  }

  PoolId pool() const { return pool_; }

 private:
  at::Device device_;
  std::unique_ptr<Graph> graph_;
  PoolId pool_;
};

class CudaRecorder : public StepRecorder {
 public:
  CudaRecorder(at::Device device, const GraphFunctions& functions)
      : device_(device), functions_(functions), stream_(NewStream(device)) {}

  // Uses the stream of the recordings, so that libraries allocate their memory
  // for it before a recording would have to own it.
  void Run(const std::function<void()>& work) override {
    const c10::Stream current = CurrentStream(device_);
    WaitFor(current, stream_);
    {
      const c10::StreamGuard guard(stream_);
      work();
    }
    WaitFor(stream_, current);
  }

  absl::StatusOr<std::unique_ptr<StepRecording>> Record(
      const std::function<void()>& work) override {
    // Another thread's recording forbids freeing cached memory.
    static std::mutex one_at_a_time;
    const std::lock_guard<std::mutex> lock(one_at_a_time);
    const c10::StreamGuard guard(stream_);
    EmptyCache(device_.type());
    auto graph = std::make_unique<Graph>(functions_);
    std::string why;
    const auto attempt = [&why](const auto& part) {
      try {
        part();
      } catch (const c10::Error& e) {
        if (why.empty()) why = e.what_without_backtrace();
      } catch (const std::exception& e) {
        if (why.empty()) why = e.what();
      }
    };
    attempt([&] { graph->Begin(PoolOfRecordings()); });
    if (why.empty()) {
      attempt(work);
      attempt([&] { graph->End(); });
    }
    if (!why.empty()) {
      // The allocator may keep a reference to a graph that failed.
      static_cast<void>(graph.release());
      return absl::InternalError(absl::StrCat("CUDA graph: ", why));
    }
    auto recording = std::make_shared<CudaRecording>(device_, std::move(graph));
    last_ = recording;
    return std::make_unique<Shared>(std::move(recording));
  }

 private:
  // Owns a recording together with the recorder's weak reference.
  class Shared : public StepRecording {
   public:
    explicit Shared(std::shared_ptr<CudaRecording> recording)
        : recording_(std::move(recording)) {}
    void Replay() override { recording_->Replay(); }

   private:
    std::shared_ptr<CudaRecording> recording_;
  };

  // Graphs play one after the other, so they share memory. A new pool ({0, 0})
  // if no recording exists: the allocator rejects a pool without graphs.
  PoolId PoolOfRecordings() const {
    const std::shared_ptr<CudaRecording> last = last_.lock();
    return last == nullptr ? PoolId{0, 0} : last->pool();
  }

  at::Device device_;
  GraphFunctions functions_;
  c10::Stream stream_;
  std::weak_ptr<CudaRecording> last_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StepRecorder>> MakeCudaRecorder(
    at::Device device) {
  ARCTRM_ASSIGN_OR_RETURN(const GraphFunctions functions, FindGraphFunctions());
  return std::make_unique<CudaRecorder>(device, functions);
}

absl::StatusOr<RecorderFactory> ChooseRecorder(const std::string& graphs,
                                               at::Device device) {
  if (graphs == "off" || !device.is_cuda()) return RecorderFactory();
  const auto possible = MakeCudaRecorder(device);
  if (!possible.ok() && graphs == "auto") return RecorderFactory();
  ARCTRM_RETURN_IF_ERROR(possible.status());
  return RecorderFactory([device] { return *MakeCudaRecorder(device); });
}

}  // namespace arctrm::internal
