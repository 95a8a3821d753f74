// SPDX-License-Identifier: MIT
// The part of cuDNN with which LibTorch computes attention: graphs of
// descriptors whose attributes are kept as they are set. Running a graph is one
// launch. No graph needs a workspace, unlike those of the real cuDNN.
#include <cudnn.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "state.h"

namespace fake_cuda {
namespace {

struct Dnn {
  cudaStream_t stream = nullptr;
};

struct Attribute {
  int64_t count;
  std::string bytes;
};

struct Descriptor {
  cudnnBackendDescriptorType_t type;
  std::map<cudnnBackendAttributeName_t, Attribute> attributes;
};

size_t SizeOf(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR:
      return 1;
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
      return 8;
    case CUDNN_TYPE_FRACTION:
      return 16;
    default:
      return 4;
  }
}

Descriptor* Of(cudnnBackendDescriptor_t descriptor) {
  return static_cast<Descriptor*>(descriptor);
}

}  // namespace
}  // namespace fake_cuda

using fake_cuda::Descriptor;
using fake_cuda::Dnn;
using fake_cuda::Of;

FAKE_CUDA_API cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = reinterpret_cast<cudnnHandle_t>(new Dnn());
  return CUDNN_STATUS_SUCCESS;
}

FAKE_CUDA_API cudnnStatus_t cudnnSetStream(cudnnHandle_t handle,
                                           cudaStream_t stream) {
  reinterpret_cast<Dnn*>(handle)->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

FAKE_CUDA_API cudnnStatus_t cudnnGetStream(cudnnHandle_t handle,
                                           cudaStream_t* stream) {
  *stream = reinterpret_cast<Dnn*>(handle)->stream;
  return CUDNN_STATUS_SUCCESS;
}

FAKE_CUDA_API size_t cudnnGetVersion() { return CUDNN_VERSION; }
FAKE_CUDA_API size_t cudnnGetCudartVersion() { return CUDART_VERSION; }

FAKE_CUDA_API const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUCCESS ? "CUDNN_STATUS_SUCCESS"
                                        : "an error of the fake cuDNN";
}

FAKE_CUDA_API void cudnnGetLastErrorString(char* text, size_t size) {
  if (size > 0) text[0] = '\0';
}

FAKE_CUDA_API cudnnStatus_t cudnnBackendCreateDescriptor(
    cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  *descriptor = new Descriptor{type, {}};
  return CUDNN_STATUS_SUCCESS;
}

FAKE_CUDA_API cudnnStatus_t
cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete Of(descriptor);
  return CUDNN_STATUS_SUCCESS;
}

FAKE_CUDA_API cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t) {
  return CUDNN_STATUS_SUCCESS;
}

FAKE_CUDA_API cudnnStatus_t cudnnBackendSetAttribute(
    cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
    cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  const auto size = static_cast<size_t>(count) * fake_cuda::SizeOf(type);
  Of(descriptor)->attributes[name] = {
      count, std::string(static_cast<const char*>(values), size)};
  return CUDNN_STATUS_SUCCESS;
}

FAKE_CUDA_API cudnnStatus_t cudnnBackendGetAttribute(
    cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
    cudnnBackendAttributeType_t type, int64_t room, int64_t* count,
    void* values) {
  int64_t found = 0;
  const auto& attributes = Of(descriptor)->attributes;
  if (const auto at = attributes.find(name); at != attributes.end()) {
    found = at->second.count;
    if (values != nullptr && room > 0) {
      const size_t size =
          std::min(static_cast<size_t>(room), static_cast<size_t>(found)) *
          fake_cuda::SizeOf(type);
      std::memcpy(values, at->second.bytes.data(), size);
    }
  } else if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) {
    found = 1;  // one engine, in the descriptor that the caller has made
  } else if (name == CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE ||
             name == CUDNN_ATTR_ENGINECFG_WORKSPACE_SIZE ||
             name == CUDNN_ATTR_ENGINECFG_SHARED_MEMORY_USED) {
    found = 1;
    if (values != nullptr && room > 0) {
      std::memset(values, 0, fake_cuda::SizeOf(type));
    }
  }
  if (count != nullptr) *count = found;
  return CUDNN_STATUS_SUCCESS;
}

FAKE_CUDA_API cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle,
                                                cudnnBackendDescriptor_t,
                                                cudnnBackendDescriptor_t) {
  fake_cuda::Queue(reinterpret_cast<Dnn*>(handle)->stream, "kernels",
                   "cudnn_graph");
  return CUDNN_STATUS_SUCCESS;
}
