// SPDX-License-Identifier: MIT
// Messages about CUDA devices, with the fake backend of tests/solver and with a
// backend that cannot be loaded.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMissing[] =
    "ARCTRM_TEST_CUDA_BACKEND=/nonexistent/libtorch_cuda.so";
constexpr char kWhyMissing[] =
    "LibTorch's CUDA backend can't be loaded (/nonexistent/libtorch_cuda.so: "
    "cannot open shared object file: No such file or directory); install a "
    "torch wheel with CUDA and the packages that it requires";

class DevicesTest : public CliTest {
 protected:
  // `environment` beside that of a machine with a driver and `devices` devices.
  static ProgramOptions WithDevices(int devices,
                                    std::vector<std::string> environment = {}) {
    environment.push_back(
        absl::StrCat("ARCTRM_TEST_CUDA_BACKEND=", ARCTRM_FAKE_CUDA_BACKEND));
    environment.push_back(absl::StrCat("ARCTRM_TEST_CUDA_DEVICES=", devices));
    return {std::move(environment), ""};
  }

  nlohmann::json Doctor(const ProgramOptions& options) {
    const ProgramResult result = Arctrm({"doctor", "--json"}, options);
    return nlohmann::json::parse(result.out);
  }

  // A training of one step.
  ProgramResult Train(const std::string& device,
                      const ProgramOptions& options) {
    Write("puzzles.csv",
          "source,question,answer,rating\n"
          "a,1.3434.2.1434.2.,1234341221434321,0\n");
    return Arctrm({"puzzle", "train", "sudoku", "--train", "puzzles.csv",
                   "--out", "model", "--steps", "1", "--overwrite", "--threads",
                   "1", "--device", device},
                  options);
  }
};

// The self-check must not pass on the CPU: the fake has no operations.
TEST_F(DevicesTest, DoctorChecksTheDevicesOfTheBackend) {
  const nlohmann::json rows = Doctor(WithDevices(2));
  EXPECT_EQ(rows.at("CUDA devices"), "2") << rows;
  EXPECT_TRUE(rows.contains("CUDA device 1"));
  EXPECT_FALSE(rows.contains("warning"));
  EXPECT_FALSE(rows.at("passed").get<bool>());
  EXPECT_THAT(rows.at("self-check").get<std::string>(), HasSubstr("CUDA"));
}

TEST_F(DevicesTest, AFailedLoadIsReportedEverywhere) {
  const ProgramOptions missing = {{kMissing}, ""};
  const nlohmann::json rows = Doctor(missing);
  EXPECT_EQ(rows.at("CUDA devices"), absl::StrCat("none: ", kWhyMissing));
  const std::string warning = absl::StrCat(
      "the model runs on the CPU although this machine has an NVIDIA driver: ",
      kWhyMissing);
  EXPECT_EQ(rows.at("warning"), warning);
  EXPECT_TRUE(rows.at("passed").get<bool>());

  const ProgramResult automatic = Train("auto", missing);
  EXPECT_EQ(automatic.exit_code, 0) << automatic.err;
  EXPECT_THAT(automatic.err, HasSubstr(warning));
  const ProgramResult cpu = Train("cpu", missing);
  EXPECT_EQ(cpu.exit_code, 0) << cpu.err;
  EXPECT_THAT(cpu.err, Not(HasSubstr("NVIDIA")));
  const ProgramResult cuda = Train("cuda", missing);
  EXPECT_EQ(cuda.exit_code, 2);
  EXPECT_THAT(cuda.err, HasSubstr(absl::StrCat(
                            "--device cuda:0: 0 usable CUDA devices here: ",
                            kWhyMissing, "; --device cpu works everywhere")));
}

// Only the devices that a launcher shows to a process count.
TEST_F(DevicesTest, RanksNeedADeviceEach) {
  const std::vector<std::string> rank = {
      "WORLD_SIZE=2",       "RANK=1",        "LOCAL_RANK=1",
      "LOCAL_WORLD_SIZE=2", "MASTER_PORT=1", "ARCTRM_MEET_TIMEOUT=0.1"};
  const ProgramResult shared = Train("auto", WithDevices(1, rank));
  EXPECT_EQ(shared.exit_code, 2) << shared.err;
  EXPECT_THAT(shared.err, HasSubstr("rank 1 is process 2 of 2 on this machine "
                                    "and sees 1 CUDA device; let each"));
}

}  // namespace
}  // namespace arctrm
