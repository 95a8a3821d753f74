// SPDX-License-Identifier: MIT
// Runs this program again with other CUDA backends.
#include "solver/device/cuda_backend.h"

#include <ATen/ops/ones.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/device/device.h"
#include "tests/solver/cuda_device.h"
#include "tests/testing/program.h"
#include "tests/testing/scratch.h"

namespace arctrm::internal {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// The backend of tests/solver/fake_cuda_backend.cc.
const std::string kFakeBackend =
    absl::StrCat("ARCTRM_TEST_CUDA_BACKEND=", ARCTRM_FAKE_CUDA_BACKEND);
const std::string kMissingBackend =
    "ARCTRM_TEST_CUDA_BACKEND=/nonexistent/libtorch_cuda.so";

// Runs the disabled test `name` of this file in a new process.
ProgramResult RunAlone(const std::string& name,
                       std::vector<std::string> environment) {
  const ScratchFolder scratch;
  environment.push_back("GTEST_OUTPUT=");
  return RunProgram({"/proc/self/exe", "--gtest_also_run_disabled_tests",
                     absl::StrCat("--gtest_filter=*.DISABLED_", name)},
                    scratch(), {environment, ""});
}

// Expects that the disabled test `name` passes in a new process.
void ExpectPasses(const std::string& name,
                  const std::vector<std::string>& environment) {
  const ProgramResult result = RunAlone(name, environment);
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("[  PASSED  ] 1 test."));
}

TEST(CudaBackend, DISABLED_SeesTwoDevices) {
  // LibTorch's first operations here.
  at::Tensor x = at::ones({2}).requires_grad_();
  (x * x).sum().backward();
  EXPECT_EQ(FindCuda().devices, 2) << FindCuda().problem;
  EXPECT_THAT(FindCuda().problem, IsEmpty());
  EXPECT_THAT(UnusedGpuReason(), IsEmpty());
  EXPECT_EQ(*OpenDevice({"auto", 1}), at::Device(at::kCUDA, 0));
  EXPECT_EQ(*OpenDevice({"cuda:1", 1}), at::Device(at::kCUDA, 1));
  EXPECT_THAT(std::string(OpenDevice({"cuda:2", 1}).status().message()),
              HasSubstr("--device cuda:2: 2 usable CUDA devices here"));
}

TEST(CudaBackend, IsLoadedBeforeTheFirstOperation) {
  ExpectPasses("SeesTwoDevices", {kFakeBackend, "ARCTRM_TEST_CUDA_DEVICES=2"});
}

TEST(CudaBackend, DISABLED_SaysWhyItIsNotLoaded) {
  const std::string why =
      "LibTorch's CUDA backend can't be loaded (/nonexistent/libtorch_cuda.so: "
      "cannot open shared object file: No such file or directory); install a "
      "torch wheel with CUDA and the packages that it requires";
  EXPECT_EQ(UnusedGpuReason(), why);
  EXPECT_EQ(*OpenDevice({"auto", 1}), at::Device(at::kCPU));
  EXPECT_EQ(OpenDevice({"cuda", 1}).status().message(),
            absl::StrCat("--device cuda:0: 0 usable CUDA devices here: ", why,
                         "; --device cpu works everywhere"));
}

TEST(CudaBackend, AFailedLoadIsReported) {
  ExpectPasses("SaysWhyItIsNotLoaded", {kMissingBackend});
}

TEST(CudaBackend, DISABLED_SaysThatNoDeviceIsVisible) {
  EXPECT_EQ(UnusedGpuReason(),
            "LibTorch finds no CUDA device with CUDA_VISIBLE_DEVICES=7, see "
            "`nvidia-smi`");
}

TEST(CudaBackend, ADriverWithoutDevicesIsReported) {
  ExpectPasses(
      "SaysThatNoDeviceIsVisible",
      {kFakeBackend, "ARCTRM_TEST_CUDA_DEVICES=0", "CUDA_VISIBLE_DEVICES=7"});
}

TEST(CudaBackend, DISABLED_GivesRankThreeItsDevice) {
  const auto group = ProcessGroupFromEnvironment();
  ASSERT_TRUE(group.ok()) << group.status();
  ASSERT_EQ(group->local_rank, 3);
  const int index = FindCuda().devices == 1 ? 0 : 3;
  EXPECT_EQ(*OpenDevice({"auto", 1}, *group), at::Device(at::kCUDA, index));
  EXPECT_EQ(*OpenDevice({"cuda", 1}, *group), at::Device(at::kCUDA, index));
  // A device with an index is the process's own.
  EXPECT_EQ(*OpenDevice({"cuda:0", 1}, *group), at::Device(at::kCUDA, 0));
}

TEST(CudaBackend, ARankFindsItsDeviceWithEveryLauncher) {
  std::vector<std::string> environment = {
      kFakeBackend,   "WORLD_SIZE=8",  "RANK=7",
      "LOCAL_RANK=3", "MASTER_PORT=1", "LOCAL_WORLD_SIZE=4"};
  // One visible device per process.
  std::vector<std::string> one = environment;
  one.insert(one.end(),
             {"ARCTRM_TEST_CUDA_DEVICES=1", "CUDA_VISIBLE_DEVICES=3"});
  ExpectPasses("GivesRankThreeItsDevice", one);
  // All of them.
  environment.push_back("ARCTRM_TEST_CUDA_DEVICES=4");
  ExpectPasses("GivesRankThreeItsDevice", environment);
}

TEST(CudaDevice, DISABLED_IsWanted) {
  if (!DeviceOrSkip("cuda")) return;
  SUCCEED() << "a device";
}

// A CUDA test that cannot run on a machine with a GPU is a failure.
TEST(CudaDevice, IsSkippedOnlyWithoutADriver) {
  const ProgramResult missing = RunAlone("IsWanted", {kMissingBackend});
  EXPECT_EQ(missing.exit_code, 1) << missing.out;
  EXPECT_THAT(missing.out, HasSubstr("a CUDA test can't run: "));
  if (CudaIsRequired()) return;
  const ProgramResult skipped = RunAlone("IsWanted", {});
  EXPECT_EQ(skipped.exit_code, 0) << skipped.out;
  EXPECT_THAT(skipped.out, HasSubstr("no NVIDIA driver"));
  EXPECT_THAT(skipped.out, HasSubstr("[  SKIPPED ] 1 test"));
  const ProgramResult required =
      RunAlone("IsWanted", {"ARCTRM_REQUIRE_CUDA=1"});
  EXPECT_EQ(required.exit_code, 1) << required.out;
}

}  // namespace
}  // namespace arctrm::internal
