// SPDX-License-Identifier: MIT
#include "solver/device/device.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <cstdlib>
#include <new>

#include "base/out_of_memory.h"
#include "gtest/gtest.h"

namespace arctrm::internal {
namespace {

template <typename Fn>
absl::Status StatusOf(const Fn& fn) {
  return CatchTorch([&] {
    fn();
    return absl::OkStatus();
  });
}

TEST(Device, NamesThatAreNoDeviceAreRefused) {
  for (const char* bad : {"cuda:-1", "cuda:", "cpu:1", "cuda:0,0", "cpu,cpu",
                          "gpu", "", "cuda:9999", "cuda: 0"}) {
    EXPECT_EQ(OpenDevice({bad, 1}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << bad;
  }
  EXPECT_TRUE(OpenDevice({"cpu", 1}).ok());
}

// Beyond this limit oneDNN leaves parts of products out.
TEST(Device, ThreadsKeepTheLimitOfOpenMp) {
  const int before = at::get_num_threads();
  ASSERT_TRUE(OpenDevice({"cpu", 3}).ok());
  EXPECT_EQ(at::get_num_threads(), 3);
  setenv("OMP_THREAD_LIMIT", "2", 1);
  ASSERT_TRUE(OpenDevice({"cpu", 3}).ok());
  EXPECT_EQ(at::get_num_threads(), 2);
  unsetenv("OMP_THREAD_LIMIT");
  at::set_num_threads(before);
}

TEST(Device, MemoryThatRanOutHasAStatusOfItsOwn) {
  EXPECT_TRUE(IsOutOfMemory(StatusOf([] { throw std::bad_alloc(); })));
  EXPECT_TRUE(IsOutOfMemory(StatusOf([] {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory.");
  })));
  EXPECT_TRUE(IsOutOfMemory(StatusOf(
      [] { TORCH_CHECK(false, "CUDA error: out of memory\nmore words"); })));
  EXPECT_TRUE(IsOutOfMemory(StatusOf([] {
    TORCH_CHECK(false,
                "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling "
                "`cublasCreate(handle)`");
  })));
  const absl::Status other =
      StatusOf([] { TORCH_CHECK(false, "CUDA error: invalid argument"); });
  EXPECT_EQ(other.code(), absl::StatusCode::kInternal);
  EXPECT_FALSE(IsOutOfMemory(other));
}

// Sanitizers end the process instead.
#ifndef __SANITIZE_ADDRESS__
TEST(Device, TheProcessorsMemoryRunsOutToo) {
  const absl::Status status =
      StatusOf([] { at::empty({int64_t{1} << 55}, at::kByte); });
  EXPECT_TRUE(IsOutOfMemory(status)) << status;
}
#endif

}  // namespace
}  // namespace arctrm::internal
