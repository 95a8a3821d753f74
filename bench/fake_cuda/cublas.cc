// SPDX-License-Identifier: MIT
// The part of cuBLAS that training and prediction use. Products are counted.
// Status 0 is success. The functions take only those arguments of the real
// ones that they read; further arguments are ignored.
#include <cstdint>

#include "state.h"

namespace fake_cuda {
namespace {

struct Blas {
  cudaStream_t stream = nullptr;
};

// cuBLASLt's descriptions, which the fake one does not read.
struct Description {};

int Product(const Blas* blas, int64_t operations = 0) {
  Queue(blas->stream, "products");
  if (operations > 0) Count("operations of products", operations);
  return 0;
}

}  // namespace
}  // namespace fake_cuda

using fake_cuda::Blas;
using fake_cuda::Description;

FAKE_CUDA_API int cublasCreate_v2(Blas** blas) {
  *blas = new Blas();
  return 0;
}
FAKE_CUDA_API int cublasDestroy_v2(Blas* blas) {
  delete blas;
  return 0;
}
FAKE_CUDA_API int cublasSetStream_v2(Blas* blas, cudaStream_t stream) {
  blas->stream = stream;
  return 0;
}
FAKE_CUDA_API int cublasSetWorkspace_v2(Blas*, void*, size_t) { return 0; }
FAKE_CUDA_API int cublasGetMathMode(Blas*, int* mode) {
  *mode = 0;
  return 0;
}
FAKE_CUDA_API int cublasSetMathMode(Blas*, int) { return 0; }
FAKE_CUDA_API int cublasGetPointerMode_v2(Blas*, int* mode) {
  *mode = 0;
  return 0;
}
FAKE_CUDA_API int cublasSetPointerMode_v2(Blas*, int) { return 0; }

// C (m x n) = A (m x k) B (k x n).
FAKE_CUDA_API int cublasGemmEx(Blas* blas, int, int, int m, int n, int k) {
  return fake_cuda::Product(blas, int64_t{2} * m * n * k);
}
FAKE_CUDA_API int cublasSgemm_v2(Blas* blas, int, int, int m, int n, int k) {
  return fake_cuda::Product(blas, int64_t{2} * m * n * k);
}
FAKE_CUDA_API int cublasDgemm_v2(Blas* blas, int, int, int m, int n, int k) {
  return fake_cuda::Product(blas, int64_t{2} * m * n * k);
}
FAKE_CUDA_API int cublasSgemmEx(Blas* blas, int, int, int m, int n, int k) {
  return fake_cuda::Product(blas, int64_t{2} * m * n * k);
}

#define FAKE_CUDA_PRODUCT(name) \
  FAKE_CUDA_API int name(Blas* blas) { return fake_cuda::Product(blas); }
FAKE_CUDA_PRODUCT(cublasGemmStridedBatchedEx)
FAKE_CUDA_PRODUCT(cublasSgemmStridedBatched)
FAKE_CUDA_PRODUCT(cublasDgemmStridedBatched)
FAKE_CUDA_PRODUCT(cublasSgemv_v2)
FAKE_CUDA_PRODUCT(cublasDgemv_v2)
FAKE_CUDA_PRODUCT(cublasSdot_v2)
FAKE_CUDA_PRODUCT(cublasDdot_v2)
FAKE_CUDA_PRODUCT(cublasDotEx)
#undef FAKE_CUDA_PRODUCT

#define FAKE_CUDA_DESCRIPTION(name)                           \
  FAKE_CUDA_API int cublasLt##name##Create(Description** d) { \
    *d = new Description();                                   \
    return 0;                                                 \
  }                                                           \
  FAKE_CUDA_API int cublasLt##name##Destroy(Description* d) { \
    delete d;                                                 \
    return 0;                                                 \
  }                                                           \
  FAKE_CUDA_API int cublasLt##name##SetAttribute() { return 0; }
FAKE_CUDA_DESCRIPTION(MatmulDesc)
FAKE_CUDA_DESCRIPTION(MatrixLayout)
FAKE_CUDA_DESCRIPTION(MatmulPreference)
#undef FAKE_CUDA_DESCRIPTION

FAKE_CUDA_API size_t cublasLtGetVersion() { return 130100; }

FAKE_CUDA_API int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*,
                                                 void*, void*, void*, int,
                                                 void*, int* found) {
  *found = 1;
  return 0;
}

FAKE_CUDA_API int cublasLtMatmul(void*, void*, const void*, const void*, void*,
                                 const void*, void*, const void*, const void*,
                                 void*, void*, void*, const void*, void*,
                                 size_t, cudaStream_t stream) {
  fake_cuda::Queue(stream, "products");
  return 0;
}
