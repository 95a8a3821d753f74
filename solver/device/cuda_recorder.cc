// SPDX-License-Identifier: MIT
// CUDA graphs by the CUDA runtime and the allocator of libc10_cuda.
// at::cuda::CUDAGraph does the same, but is in libtorch_cuda, which the program
// does not link (device.cc).
#include <c10/core/StreamGuard.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "solver/device/step_recorder.h"
#include "solver/device/transfer.h"

namespace arctrm::internal {
namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

// The memory pool of one recorder's graphs. Graphs replay one after the other,
// so they can share memory.
struct Pool {
  c10::DeviceIndex device = 0;
  std::pair<uint64_t, uint64_t> id;  // the allocator's MempoolId_t
};

// A pool with a new id: the allocator rejects the id of a pool whose last graph
// was destroyed.
std::shared_ptr<const Pool> NewPool(at::Device device) {
  // LibTorch numbers its own pools from 1.
  static std::atomic<uint64_t> last = uint64_t{1} << 32;
  return std::make_shared<Pool>(Pool{device.index(), {0, ++last}});
}

class CudaRecording : public StepRecording {
 public:
  // Takes ownership of `graph` and of one use of `pool`.
  CudaRecording(std::shared_ptr<const Pool> pool, cudaGraphExec_t graph)
      : pool_(std::move(pool)), graph_(graph) {}
  CudaRecording(const CudaRecording&) = delete;
  CudaRecording& operator=(const CudaRecording&) = delete;
  ~CudaRecording() override {
    const c10::cuda::CUDAGuard guard(pool_->device);
    // The graph may still run.
    static_cast<void>(cudaStreamSynchronize(
        c10::cuda::getCurrentCUDAStream(pool_->device).stream()));
    static_cast<void>(cudaGraphExecDestroy(graph_));
    allocator::releasePool(pool_->device, pool_->id);
  }

  void Replay() override {
    const c10::cuda::CUDAGuard guard(pool_->device);
    const cudaError_t error = cudaGraphLaunch(
        graph_, c10::cuda::getCurrentCUDAStream(pool_->device).stream());
    TORCH_CHECK(error == cudaSuccess,
                "CUDA graph: ", cudaGetErrorString(error));
  }

 private:
  std::shared_ptr<const Pool> pool_;
  cudaGraphExec_t graph_;
};

class CudaRecorder : public StepRecorder {
 public:
  explicit CudaRecorder(at::Device device)
      : device_(device),
        stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false,
                                             device.index())) {}

  // Uses the stream of the recordings, so that libraries allocate their memory
  // for it before a recording would have to own it.
  void Run(const std::function<void()>& work) override {
    const c10::Stream own = stream_.unwrap();
    const c10::Stream current = CurrentStream(device_);
    WaitFor(current, own);
    {
      const c10::StreamGuard guard(own);
      work();
    }
    WaitFor(own, current);
  }

  absl::StatusOr<std::unique_ptr<StepRecording>> Record(
      const std::function<void()>& work) override {
    const c10::StreamGuard guard(stream_.unwrap());
    const cudaStream_t stream = stream_.stream();
    std::shared_ptr<const Pool> pool = pool_.lock();
    if (pool == nullptr) pool_ = pool = NewPool(device_);
    // Frees cached memory, which cannot be freed during a recording.
    allocator::emptyCache();
    allocator::beginAllocateToPool(
        pool->device, pool->id,
        [stream](cudaStream_t asked) { return asked == stream; });
    std::string why;
    // Restricts only this thread: the backward pass runs on a thread of
    // LibTorch, and other threads may use the device.
    cudaError_t error =
        cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    cudaGraph_t graph = nullptr;
    if (error == cudaSuccess) {
      try {
        work();
      } catch (const c10::Error& e) {
        why = e.what_without_backtrace();
      } catch (const std::exception& e) {
        why = e.what();
      }
      error = cudaStreamEndCapture(stream, &graph);
    }
    allocator::endAllocateToPool(pool->device, pool->id);
    cudaGraphExec_t executable = nullptr;
    if (error == cudaSuccess && why.empty()) {
      error = cudaGraphInstantiateWithFlags(
          &executable, graph, cudaGraphInstantiateFlagAutoFreeOnLaunch);
    }
    if (graph != nullptr) static_cast<void>(cudaGraphDestroy(graph));
    if (error == cudaSuccess && why.empty()) {
      return std::make_unique<CudaRecording>(std::move(pool), executable);
    }
    static_cast<void>(cudaGetLastError());  // clears the error
    allocator::releasePool(pool->device, pool->id);
    if (why.empty()) why = cudaGetErrorString(error);
    return absl::InternalError(absl::StrCat("CUDA graph: ", why));
  }

 private:
  at::Device device_;
  c10::cuda::CUDAStream stream_;
  std::weak_ptr<const Pool> pool_;  // shared by existing recordings
};

}  // namespace

std::unique_ptr<StepRecorder> MakeCudaRecorder(at::Device device) {
  return std::make_unique<CudaRecorder>(device);
}

}  // namespace arctrm::internal
