// SPDX-License-Identifier: MIT
#include "solver/device/device.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include "base/out_of_memory.h"
#include "gtest/gtest.h"
#include "solver/device/libtorch_warnings.h"

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

std::string Printed(const std::function<void()>& work) {
  testing::internal::CaptureStderr();
  work();
  return testing::internal::GetCapturedStderr();
}

TEST(Device, WarningsAboutDeterminismAreHidden) {
  const auto warn = [] {
    TORCH_WARN("This attention defaults to a non-deterministic algorithm.");
    TORCH_WARN("x does not have a deterministic implementation, but you set y");
    TORCH_WARN("something else");
  };
  EXPECT_NE(Printed(warn).find("non-deterministic"), std::string::npos);
  const std::string printed = Printed([&] {
    const HideDeterminismWarnings hide;
    warn();
  });
  EXPECT_EQ(printed.find("deterministic"), std::string::npos) << printed;
  EXPECT_NE(printed.find("something else"), std::string::npos);
  EXPECT_NE(Printed(warn).find("non-deterministic"), std::string::npos);
}

}  // namespace
}  // namespace arctrm::internal
