// SPDX-License-Identifier: MIT
// Streams, events and recordings of the fake CUDA runtime. Work is done when it
// is queued, so nothing ever waits.
#include <chrono>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <utility>

#include "state.h"

namespace fake_cuda {
namespace {

using Clock = std::chrono::steady_clock;

struct Recorder {
  Graph graph;
  unsigned long long id;
  bool broken = false;
  bool ended = false;
  // A thread that may not make forbidden calls; all threads if global.
  std::thread::id thread;
  bool global;
};

struct Stream {
  int device = 0;
  Recorder* recorder = nullptr;  // owned by the stream that began it
};

struct Event {
  Recorder* recorder = nullptr;
  Clock::time_point time;
};

std::set<Stream*>& Streams() {
  static auto* const streams = new std::set<Stream*>();
  return *streams;
}

int recorders = 0;
thread_local cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;

// CUDA's default streams have no object.
bool IsDefault(cudaStream_t stream) {
  return stream == nullptr || stream == cudaStreamLegacy ||
         stream == cudaStreamPerThread;
}

Recorder* RecorderOf(cudaStream_t stream) {
  return IsDefault(stream) ? nullptr
                           : reinterpret_cast<Stream*>(stream)->recorder;
}

void TakeTime() {
  const double us = TheSettings().launch_us;
  if (us <= 0) return;
  const auto end = Clock::now() + std::chrono::duration<double, std::micro>(us);
  while (Clock::now() < end) {
  }
}

}  // namespace

bool Recording() {
  const Locked lock(Lock());
  return recorders > 0;
}

bool IsRecorded(cudaStream_t stream) {
  const Locked lock(Lock());
  return RecorderOf(stream) != nullptr;
}

cudaError_t Forbidden(const char* call) {
  const Locked lock(Lock());
  if (recorders == 0 || thread_mode == cudaStreamCaptureModeRelaxed) {
    return cudaSuccess;
  }
  for (Stream* stream : Streams()) {
    Recorder* const recorder = stream->recorder;
    if (recorder == nullptr ||
        (!recorder->global && recorder->thread != std::this_thread::get_id())) {
      continue;
    }
    recorder->broken = true;
    Count("forbidden calls in recordings");
    Count(std::string("forbidden in a recording: ") + call);
    return cudaErrorStreamCaptureUnsupported;
  }
  return cudaSuccess;
}

void Queue(cudaStream_t stream, const char* kind, const std::string& name) {
  const Locked lock(Lock());
  MakeContext();
  if (Recorder* const recorder = RecorderOf(stream)) {
    Graph& graph = recorder->graph;
    if (std::strcmp(kind, "kernels") == 0) ++graph.kernels;
    if (std::strcmp(kind, "products") == 0) ++graph.products;
    if (std::strcmp(kind, "copies") == 0) ++graph.copies;
    Count(std::string("recorded ") + kind);
    return;
  }
  Count(kind);
  Count(std::string(kind) + " of device " + std::to_string(CurrentDevice()));
  if (!name.empty()) Count("kernel " + name);
  TakeTime();
}

}  // namespace fake_cuda

using fake_cuda::Event;
using fake_cuda::Graph;
using fake_cuda::IsDefault;
using fake_cuda::Locked;
using fake_cuda::Recorder;
using fake_cuda::RecorderOf;
using fake_cuda::Stream;

FAKE_CUDA_API cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream,
                                                       unsigned, int) {
  const Locked lock(fake_cuda::Lock());
  auto* const made = new Stream{fake_cuda::CurrentDevice()};
  fake_cuda::Streams().insert(made);
  *stream = reinterpret_cast<cudaStream_t>(made);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Locked lock(fake_cuda::Lock());
  auto* const own = reinterpret_cast<Stream*>(stream);
  fake_cuda::Streams().erase(own);
  delete own;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return fake_cuda::IsRecorded(stream) ? cudaErrorStreamCaptureUnsupported
                                       : cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  fake_cuda::CountWait("cudaStreamSynchronize");
  if (fake_cuda::IsRecorded(stream)) {
    const Locked lock(fake_cuda::Lock());
    RecorderOf(stream)->broken = true;
    return cudaErrorStreamCaptureUnsupported;
  }
  return fake_cuda::Forbidden("cudaStreamSynchronize");
}

FAKE_CUDA_API cudaError_t cudaStreamWaitEvent(cudaStream_t stream,
                                              cudaEvent_t event, unsigned) {
  const Locked lock(fake_cuda::Lock());
  Recorder* const joined = reinterpret_cast<Event*>(event)->recorder;
  if (joined == nullptr) return cudaSuccess;
  if (joined->ended || IsDefault(stream)) return cudaErrorCapturedEvent;
  // A stream that waits for recorded work is recorded too.
  reinterpret_cast<Stream*>(stream)->recorder = joined;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaStreamAddCallback(cudaStream_t stream,
                                                cudaStreamCallback_t callback,
                                                void* data, unsigned) {
  callback(stream, cudaSuccess, data);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t
cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* state) {
  *state = fake_cuda::IsRecorded(stream) ? cudaStreamCaptureStatusActive
                                         : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaStreamGetCaptureInfo(
    cudaStream_t stream, cudaStreamCaptureStatus* state, unsigned long long* id,
    cudaGraph_t* graph, const cudaGraphNode_t** nodes,
    const cudaGraphEdgeData** edges, size_t* count) {
  const Locked lock(fake_cuda::Lock());
  Recorder* const recorder = RecorderOf(stream);
  *state = recorder != nullptr ? cudaStreamCaptureStatusActive
                               : cudaStreamCaptureStatusNone;
  if (id != nullptr && recorder != nullptr) *id = recorder->id;
  if (graph != nullptr) *graph = nullptr;
  if (nodes != nullptr) *nodes = nullptr;
  if (edges != nullptr) *edges = nullptr;
  if (count != nullptr) *count = 0;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaStreamBeginCapture(cudaStream_t stream,
                                                 cudaStreamCaptureMode mode) {
  const Locked lock(fake_cuda::Lock());
  if (IsDefault(stream) || RecorderOf(stream) != nullptr) {
    return cudaErrorStreamCaptureUnsupported;
  }
  static unsigned long long id = 0;
  auto* const recorder = new Recorder();
  recorder->id = ++id;
  recorder->thread = std::this_thread::get_id();
  recorder->global = mode == cudaStreamCaptureModeGlobal;
  reinterpret_cast<Stream*>(stream)->recorder = recorder;
  ++fake_cuda::recorders;
  fake_cuda::Count("recordings begun");
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaStreamEndCapture(cudaStream_t stream,
                                               cudaGraph_t* graph) {
  const Locked lock(fake_cuda::Lock());
  Recorder* const recorder = RecorderOf(stream);
  *graph = nullptr;
  if (recorder == nullptr) return cudaErrorStreamCaptureUnsupported;
  for (Stream* each : fake_cuda::Streams()) {
    if (each->recorder == recorder) each->recorder = nullptr;
  }
  --fake_cuda::recorders;
  recorder->ended = true;  // kept for the events that refer to it
  if (recorder->broken) return cudaErrorStreamCaptureInvalidated;
  fake_cuda::Count("recordings");
  *graph = reinterpret_cast<cudaGraph_t>(new Graph(recorder->graph));
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t
cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, fake_cuda::thread_mode);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaGraphInstantiateWithFlags(
    cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = reinterpret_cast<cudaGraphExec_t>(
      new Graph(*reinterpret_cast<Graph*>(graph)));
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete reinterpret_cast<Graph*>(graph);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete reinterpret_cast<Graph*>(executable);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaGraphLaunch(cudaGraphExec_t executable,
                                          cudaStream_t) {
  const Graph& graph = *reinterpret_cast<Graph*>(executable);
  const Locked lock(fake_cuda::Lock());
  fake_cuda::Count("graph launches");
  fake_cuda::Count("kernels in launched graphs", graph.kernels);
  fake_cuda::Count("products in launched graphs", graph.products);
  fake_cuda::Count("copies in launched graphs", graph.copies);
  fake_cuda::TakeTime();
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t*,
                                            size_t* count) {
  const Graph& own = *reinterpret_cast<Graph*>(graph);
  *count = static_cast<size_t>(own.kernels + own.products + own.copies);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t,
                                                       cudaGraphNode_t*,
                                                       cudaGraphEdgeData*,
                                                       size_t* count) {
  *count = 0;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaGraphDebugDotPrint(cudaGraph_t, const char*,
                                                 unsigned) {
  return cudaErrorNotSupported;
}

FAKE_CUDA_API cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event,
                                                   unsigned) {
  *event = reinterpret_cast<cudaEvent_t>(new Event());
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, 0);
}

FAKE_CUDA_API cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete reinterpret_cast<Event*>(event);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaEventRecordWithFlags(cudaEvent_t event,
                                                   cudaStream_t stream,
                                                   unsigned) {
  const Locked lock(fake_cuda::Lock());
  auto& own = *reinterpret_cast<Event*>(event);
  own.recorder = RecorderOf(stream);
  own.time = fake_cuda::Clock::now();
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaEventRecord(cudaEvent_t event,
                                          cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, 0);
}

FAKE_CUDA_API cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (reinterpret_cast<Event*>(event)->recorder != nullptr) {
    return cudaErrorCapturedEvent;
  }
  return fake_cuda::Forbidden("cudaEventQuery");
}

FAKE_CUDA_API cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  fake_cuda::CountWait("cudaEventSynchronize");
  if (reinterpret_cast<Event*>(event)->recorder != nullptr) {
    return cudaErrorCapturedEvent;
  }
  return fake_cuda::Forbidden("cudaEventSynchronize");
}

FAKE_CUDA_API cudaError_t cudaEventElapsedTime(float* milliseconds,
                                               cudaEvent_t from,
                                               cudaEvent_t to) {
  *milliseconds = std::chrono::duration<float, std::milli>(
                      reinterpret_cast<Event*>(to)->time -
                      reinterpret_cast<Event*>(from)->time)
                      .count();
  return cudaSuccess;
}
