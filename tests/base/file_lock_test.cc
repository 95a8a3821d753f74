// SPDX-License-Identifier: MIT
#include "base/file_lock.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

TEST(FileLock, OneHoldsItAndIsNamed) {
  const ScratchFolder dir;
  auto first = FileLock::Take(dir("lock"), "w");
  ASSERT_TRUE(first.ok()) << first.status();
  for (const absl::Status& refused : {FileLock::Take(dir("lock"), "w").status(),
                                      CheckNotLocked(dir("lock"), "w")}) {
    EXPECT_TRUE(absl::IsAlreadyExists(refused)) << refused;
    EXPECT_THAT(refused.message(), HasSubstr(absl::StrCat(getpid())));
  }
  first->reset();
  EXPECT_FALSE(FileExists(dir("lock")));
  EXPECT_TRUE(CheckNotLocked(dir("lock"), "w").ok());
  EXPECT_TRUE(FileLock::Take(dir("lock"), "w").ok());
}

TEST(FileLock, FilesOfOthersAreNotTaken) {
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("theirs"), "precious").ok());
  ASSERT_EQ(symlink("theirs", dir("soft").c_str()), 0);
  ASSERT_EQ(link(dir("theirs").c_str(), dir("hard").c_str()), 0);
  for (const char* name : {"soft", "hard", "theirs"}) {
    EXPECT_FALSE(FileLock::Take(dir(name), "w").ok()) << name;
    EXPECT_EQ(*ReadFile(dir(name)), "precious");
  }
  // A killed process left its lock file.
  ASSERT_TRUE(WriteFileAtomically(dir("left"), "123\n").ok());
  EXPECT_TRUE(FileLock::Take(dir("left"), "w").ok());
}

TEST(FileLock, OfWhoIsRefusedChangesNothing) {
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("left"), "123\n").ok());
  for (const char* name : {"left", "fresh"}) {
    auto lock = FileLock::Take(dir(name), "w");
    ASSERT_TRUE(lock.ok());
    (*lock)->LeaveAsFound();
  }
  EXPECT_EQ(*ReadFile(dir("left")), "123\n");
  EXPECT_FALSE(FileExists(dir("fresh")));
  EXPECT_TRUE(FileLock::Take(dir("left"), "w").ok());
  EXPECT_FALSE(FileExists(dir("left")));
}

TEST(FileLock, DiesWithItsProcessAndIsNotInherited) {
  const ScratchFolder dir;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const auto lock = FileLock::Take(dir("lock"), "w");
    // A child that outlives the lock.
    if (fork() == 0) {
      close(ready[0]);
      close(ready[1]);
      execl("/bin/sleep", "sleep", "2", nullptr);
      _exit(1);
    }
    usleep(100000);
    if (write(ready[1], lock.ok() ? "y" : "n", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char said = 0;
  ASSERT_EQ(read(ready[0], &said, 1), 1);
  EXPECT_EQ(said, 'y');
  EXPECT_THAT(FileLock::Take(dir("lock"), "w").status().message(),
              HasSubstr(absl::StrCat("process ", holder)));
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  EXPECT_TRUE(FileLock::Take(dir("lock"), "w").ok());
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace arctrm
