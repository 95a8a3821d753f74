// SPDX-License-Identifier: MIT
#include "base/exceptions.h"

#include <atomic>
#include <new>
#include <stdexcept>
#include <string>

#include "absl/status/statusor.h"
#include "base/out_of_memory.h"
#include "base/thread_group.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

void RunOut() { throw std::bad_alloc(); }

void Throw(const char* what) { throw std::runtime_error(what); }

TEST(Exceptions, BecomeAStatus) {
  const absl::StatusOr<int> full = CatchExceptions(
      "reading", []() -> absl::StatusOr<int> { throw std::bad_alloc(); });
  EXPECT_TRUE(IsOutOfMemory(full.status())) << full.status();
  const absl::Status large = CatchExceptions("reading", []() -> absl::Status {
    std::string().reserve(std::string::npos);
    return absl::OkStatus();
  });
  EXPECT_TRUE(IsOutOfMemory(large)) << large;
  const absl::Status other = CatchExceptions(
      "reading", []() -> absl::Status { throw std::runtime_error("why"); });
  EXPECT_EQ(other, absl::InternalError("reading: internal error: why"));
  EXPECT_EQ(CatchExceptions("reading", [] { return absl::OkStatus(); }),
            absl::OkStatus());
}

TEST(Exceptions, OfAThreadReachWhoeverWaits) {
  ThreadGroup threads;
  std::atomic<int> done = 0;
  ASSERT_TRUE(threads.Start([&] { ++done; }));
  ASSERT_TRUE(threads.Start([] { throw std::bad_alloc(); }));
  EXPECT_THROW(threads.Join(), std::bad_alloc);
  EXPECT_EQ(done, 1);
  threads.Join();
}

TEST(Exceptions, WithoutACatchEndWithALineAndNoCore) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        EndOnUncaught();
        []() noexcept { RunOut(); }();
      },
      testing::ExitedWithCode(1), "error: memory ran out");
  EXPECT_EXIT(
      {
        EndOnUncaught();
        []() noexcept { Throw("a\x1b[31mb\n"); }();
      },
      testing::ExitedWithCode(1), "error: a.x1b.31mb.n");
}

}  // namespace
}  // namespace arctrm
