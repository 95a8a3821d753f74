// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

// Returns the output of `work` on standard error through a log with `options`.
std::string Written(const LogOptions& options,
                    const std::function<void(Log&)>& work) {
  testing::internal::CaptureStderr();
  {
    auto log = OpenLog(options);
    EXPECT_TRUE(log.ok()) << log.status();
    if (log.ok()) work(**log);
  }
  return testing::internal::GetCapturedStderr();
}

TEST(Log, PlainLinesWhereThereIsNoTerminal) {
  EXPECT_EQ(Written({},
                    [](Log& log) {
                      log.Info("reading a.json");
                      log.Warning("short");
                      log.Error("wrong");
                    }),
            "reading a.json\nwarning: short\nerror: wrong\n");
}

TEST(Log, DetailsGoToTheFileAlone) {
  const ScratchFolder dir;
  LogOptions options;
  options.file = dir("log.txt");
  EXPECT_EQ(Written(options, [](Log& log) { log.Detail("all of it\033"); }),
            "");
  const std::string file = ReadFile(options.file).value();
  EXPECT_NE(file.find("all of it"), std::string::npos);
  EXPECT_EQ(file.find('\033'), std::string::npos);
}

TEST(Log, WritesOutWhatATerminalWouldActOn) {
  const ScratchFolder scratch;
  const std::string file = scratch("printable.log");
  LogOptions options;
  options.file = file;
  const std::string evil =
      std::string("\x1b[2J\xc2\x9b\xe2\x80\xae\xff\n\t\0", 13);
  const std::string shown = "\\x1b[2J\\u009b\\u202e\\xff\\n\\t\\x00";
  EXPECT_EQ(Written(options,
                    [&](Log& log) {
                      log.Info(evil);
                      log.Warning(evil);
                      log.Error(evil);
                      log.Progress(evil);
                      log.EndProgress();
                      log.Info("faults:\n  one\n  two");
                    }),
            absl::StrCat(shown, "\nwarning: ", shown, "\nerror: ", shown, "\n",
                         shown, "\nfaults:\n  one\n  two\n"));
  const std::string kept = *ReadFile(file);
  EXPECT_EQ(kept.find('\x1b'), std::string::npos);
  EXPECT_THAT(kept, HasSubstr(shown));
}

TEST(Log, QuietKeepsWarningsAndErrors) {
  LogOptions options;
  options.quiet = true;
  EXPECT_EQ(Written(options,
                    [](Log& log) {
                      log.Info("reading");
                      log.Progress("step 1");
                      log.Warning("short");
                      log.Error("wrong");
                      log.EndProgress();
                    }),
            "warning: short\nerror: wrong\n");
}

TEST(Log, ProgressIsPrintedNowAndThenAndTheLastStateAlways) {
  FakeClock clock;
  LogOptions options;
  options.clock = &clock;
  EXPECT_EQ(Written(options,
                    [&](Log& log) {
                      for (int step = 0; step < 25; ++step) {
                        log.Progress(absl::StrCat("step ", step));
                        clock.Advance(absl::Seconds(1));
                      }
                      log.EndProgress();
                      // Nothing changed, so nothing is printed.
                      log.EndProgress();
                      log.Progress("next 0");
                      log.EndProgress();
                    }),
            "step 0\nstep 10\nstep 20\nstep 24\nnext 0\n");
}

TEST(Log, ALogThatGoesAwayShowsTheLastState) {
  FakeClock clock;
  LogOptions options;
  options.clock = &clock;
  EXPECT_EQ(Written(options,
                    [](Log& log) {
                      log.Progress("step 1");
                      log.Progress("step 2");
                    }),
            "step 1\nstep 2\n");
}

TEST(Log, TheFileHoldsEveryLineWithItsTime) {
  const ScratchFolder dir;
  FakeClock clock;
  LogOptions options;
  options.quiet = true;
  options.file = dir("log.txt");
  options.clock = &clock;
  ASSERT_TRUE(AppendToFile(dir("log.txt"), "kept\n").ok());
  Written(options, [&](Log& log) {
    log.Info("reading");
    log.Progress("step 1");
    clock.Advance(absl::Seconds(3));
    log.Progress("step 2");
    log.Warning("short");
    clock.Advance(absl::Seconds(8));
    log.Progress("step 3");
    log.Progress("step 4");
    log.EndProgress();
    log.Error("wrong");
  });
  const std::string stamp =
      "[0-9]+-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]  ";
  const std::string text = *ReadFile(dir("log.txt"));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  EXPECT_THAT(lines, ElementsAre("kept", MatchesRegex(stamp + "reading"),
                                 MatchesRegex(stamp + "step 1"),
                                 MatchesRegex(stamp + "warning: short"),
                                 MatchesRegex(stamp + "step 3"),
                                 MatchesRegex(stamp + "step 4"),
                                 MatchesRegex(stamp + "error: wrong"), ""));
}

TEST(Log, AHeldFileIsNotTouchedBeforeItBegins) {
  const ScratchFolder dir;
  LogOptions options;
  options.file = dir("log.txt");
  options.hold = true;
  Written(options, [&](Log& log) {
    log.Info("looked at");
    EXPECT_FALSE(FileExists(options.file));
  });
  EXPECT_FALSE(FileExists(options.file));
  Written(options, [&](Log& log) {
    log.Info("first");
    log.Begin();
    EXPECT_THAT(*ReadFile(options.file), EndsWith("  first\n"));
    log.Info("second");
  });
  EXPECT_THAT(*ReadFile(options.file), EndsWith("  second\n"));
  EXPECT_TRUE(IsLogFile(options.file));
  options.file = dir("no/log.txt");
  EXPECT_EQ(OpenLog(options).status().code(), absl::StatusCode::kNotFound);
}

TEST(Log, AFileThatCannotBeWrittenIsRefused) {
  const ScratchFolder dir;
  LogOptions options;
  options.file = dir("no/log.txt");
  EXPECT_EQ(OpenLog(options).status().code(), absl::StatusCode::kNotFound);
  options.file = dir();
  EXPECT_EQ(OpenLog(options).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(Log, AFileThatGoesAwayEndsNothing) {
  const ScratchFolder dir;
  ASSERT_TRUE(MakeDirectories(dir("sub")).ok());
  LogOptions options;
  options.file = dir("sub/log.txt");
  EXPECT_EQ(Written(options,
                    [&](Log& log) {
                      EXPECT_TRUE(RemoveAll(dir("sub")).ok());
                      log.Info("goes on");
                      log.Info("and on");
                    }),
            absl::StrCat("goes on\nwarning: can't write ", dir("sub/log.txt"),
                         ": No such file or directory; the log has gaps from "
                         "here on\nand on\n"));
}

TEST(Log, LinesOfThreadsStayWhole) {
  const std::string text = Written({}, [](Log& log) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 100; ++i) {
          log.Info(std::string(30, static_cast<char>('a' + t)));
          log.Progress("p");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  int lines = 0;
  for (const absl::string_view line :
       std::vector<absl::string_view>(absl::StrSplit(text, '\n'))) {
    if (line.empty() || line == "p") continue;
    EXPECT_EQ(line, std::string(30, line[0]));
    ++lines;
  }
  EXPECT_EQ(lines, 400);
}

TEST(Log, NullLogDropsEverything) {
  testing::internal::CaptureStderr();
  NullLog().Info("a");
  NullLog().Warning("a");
  NullLog().Error("a");
  NullLog().Progress("a");
  NullLog().EndProgress();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// Standard error on a terminal of 20 columns.
class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    master_ = posix_openpt(O_RDWR | O_NOCTTY);
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) {
      GTEST_SKIP() << "no pseudo-terminals here";
    }
    const int slave = open(ptsname(master_), O_RDWR | O_NOCTTY);
    if (slave < 0) GTEST_SKIP() << "no pseudo-terminals here";
    termios raw = {};
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    winsize size = {};
    size.ws_col = 20;
    ioctl(slave, TIOCSWINSZ, &size);
    std::fflush(stderr);
    saved_ = dup(STDERR_FILENO);
    dup2(slave, STDERR_FILENO);
    close(slave);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
  }
  void TearDown() override {
    if (saved_ >= 0) Restore();
    if (master_ >= 0) close(master_);
  }

  // Returns the output so far and restores standard error.
  std::string Shown() {
    // Once the mark has arrived, so has everything before it.
    const char mark = '\x04';
    EXPECT_EQ(write(STDERR_FILENO, &mark, 1), 1);
    std::string text;
    char byte = 0;
    while (read(master_, &byte, 1) == 1 && byte != mark) text.push_back(byte);
    Restore();
    return text;
  }

  FakeClock clock_;

 private:
  void Restore() {
    if (saved_ < 0) return;
    std::fflush(stderr);
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    saved_ = -1;
  }

  int master_ = -1;
  int saved_ = -1;
};

TEST_F(TerminalTest, ProgressIsRedrawnTenTimesASecondAtMost) {
  LogOptions options;
  options.clock = &clock_;
  {
    auto log = OpenLog(options);
    ASSERT_TRUE(log.ok());
    for (int step = 0; step < 25; ++step) {
      (*log)->Progress(absl::StrCat("step ", step));
      clock_.Advance(absl::Milliseconds(10));
    }
    (*log)->EndProgress();
  }
  EXPECT_EQ(Shown(),
            "\r\033[Kstep 0\r\033[Kstep 10\r\033[Kstep 20\r\033[Kstep 24\n");
}

TEST_F(TerminalTest, LinesGoAboveTheProgressLine) {
  LogOptions options;
  options.clock = &clock_;
  {
    auto log = OpenLog(options);
    ASSERT_TRUE(log.ok());
    (*log)->Progress("step 1");
    (*log)->Info("saved");
    (*log)->EndProgress();
    (*log)->Warning("slow");
  }
  EXPECT_EQ(Shown(),
            "\r\033[Kstep 1\r\033[Ksaved\n\r\033[Kstep 1\n"
            "\033[33mwarning: \033[0mslow\n");
}

TEST_F(TerminalTest, ProgressIsCutToTheWidthBetweenCharacters) {
  LogOptions options;
  options.clock = &clock_;
  {
    auto log = OpenLog(options);
    ASSERT_TRUE(log.ok());
    (*log)->Progress("123456789012345678901234567890");
    clock_.Advance(absl::Seconds(1));
    (*log)->Progress("123456789012345678\xc3\xa4 tail");
  }
  EXPECT_EQ(Shown(), "\r\033[K1234567890123456789\r\033[K123456789012345678\n");
}

TEST_F(TerminalTest, NoColorIsRespected) {
  setenv("NO_COLOR", "1", 1);
  {
    auto log = OpenLog({});
    ASSERT_TRUE(log.ok());
    (*log)->Error("wrong");
  }
  unsetenv("NO_COLOR");
  EXPECT_EQ(Shown(), "error: wrong\n");
}

TEST_F(TerminalTest, ADumbTerminalGetsPlainLines) {
  setenv("TERM", "dumb", 1);
  {
    auto log = OpenLog({});
    ASSERT_TRUE(log.ok());
    (*log)->Progress("step 1");
    (*log)->Warning("slow");
  }
  EXPECT_EQ(Shown(), "step 1\nwarning: slow\n");
}

}  // namespace
}  // namespace arctrm
