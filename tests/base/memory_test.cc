// SPDX-License-Identifier: MIT
#include "base/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <vector>

#include "gtest/gtest.h"

namespace arctrm {
namespace {

TEST(Memory, TouchedMemoryIsResident) {
  const int64_t before = ResidentBytes();
  EXPECT_GT(before, 0);
  const std::vector<char> block(size_t{64} << 20, 1);
  EXPECT_GE(ResidentBytes() + block[0] - 1, before + (int64_t{60} << 20));
}

TEST(Memory, SomethingIsAvailable) {
  EXPECT_GT(AvailableMemoryBytes(), 0);
  EXPECT_LT(AvailableMemoryBytes(), int64_t{1} << 50);
}

TEST(Memory, LimitsOfTheProcessCount) {
  EXPECT_EXIT(
      {
        struct rlimit limit = {};
        getrlimit(RLIMIT_DATA, &limit);
        limit.rlim_cur = rlim_t{256} << 20;
        setrlimit(RLIMIT_DATA, &limit);
        _exit(AvailableMemoryBytes() <= int64_t{256} << 20 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace arctrm
