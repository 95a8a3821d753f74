// SPDX-License-Identifier: MIT
#include "base/subprocess.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Deadline In(absl::Duration duration) { return {RealClock(), duration}; }
// Long enough for a busy machine; passing tests never wait so long.
Deadline Later() { return In(absl::Seconds(60)); }

std::unique_ptr<Subprocess> StartOrDie(SubprocessOptions options) {
  auto child = Subprocess::Start(options);
  ARCTRM_CHECK(child.ok());
  return *std::move(child);
}

// A shell with both pipes.
std::unique_ptr<Subprocess> Shell(const std::string& script) {
  SubprocessOptions options;
  options.argv = {"/bin/sh", "-c", script};
  options.pipe_input = true;
  options.pipe_output = true;
  return StartOrDie(options);
}

// All output until it ends.
std::string Output(Subprocess& child) {
  std::string out;
  const absl::Status status = child.Read(SIZE_MAX, Later(), out);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  return out;
}

std::string Output(SubprocessOptions options) {
  options.pipe_output = true;
  return Output(*StartOrDie(options));
}

int ReadNumber(Subprocess& child) {
  std::string line;
  while (line.empty() || line.back() != '\n') {
    const absl::Status status = child.Read(line.size() + 1, Later(), line);
    EXPECT_TRUE(status.ok()) << status;
    if (!status.ok()) return 0;
  }
  int number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(line, &number)) << line;
  return number;
}

// Makes this process the parent of orphaned descendants, so that it can wait
// for them.
void AdoptOrphans() { ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); }

// Waits for an orphan; 0 if it still exists after a minute.
int SignalThatEnded(pid_t orphan) {
  for (const Deadline deadline = Later(); !deadline.Passed();) {
    int status = 0;
    if (waitpid(orphan, &status, WNOHANG) == orphan) {
      return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
    }
    usleep(1000);
  }
  return 0;
}

TEST(Subprocess, TenMegabytesThereAndBack) {
  SubprocessOptions options;
  options.argv = {"/bin/cat"};
  options.pipe_input = true;
  options.pipe_output = true;
  const auto child = StartOrDie(options);
  std::string bytes(10'000'000, '\0');
  uint32_t x = 1;
  for (char& c : bytes) {
    x = x * 1664525u + 1013904223u;
    c = static_cast<char>(x >> 24);
  }
  absl::Status written;
  std::thread writer([&] { written = child->Write(bytes, Later()); });
  std::string back;
  const absl::Status status = child->Read(bytes.size(), Later(), back);
  writer.join();
  EXPECT_TRUE(written.ok()) << written;
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(back == bytes);
  EXPECT_FALSE(child->Poll().has_value());
  child->CloseInput();
  const auto state = child->Wait(Later());
  ASSERT_TRUE(state.has_value());
  EXPECT_TRUE(state->ok()) << state->Text();
}

TEST(Subprocess, TellsHowItEnded) {
  auto state = Shell("exit 3")->Wait(Later());
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->code, 3);
  EXPECT_EQ(state->signal, 0);
  EXPECT_FALSE(state->ok());
  EXPECT_EQ(state->Text(), "ended with exit code 3");

  const auto killed = Shell("kill -TERM $$");
  state = killed->Wait(Later());
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->code, -1);
  EXPECT_EQ(state->signal, SIGTERM);
  EXPECT_FALSE(state->ok());
  EXPECT_EQ(state->Text(), "was killed by SIGTERM");
  // The exit state is kept.
  EXPECT_EQ(killed->Poll()->signal, SIGTERM);
}

TEST(Subprocess, WaitEndsAtItsDeadline) {
  const auto child = Shell("read line");
  EXPECT_FALSE(child->Poll().has_value());
  EXPECT_FALSE(child->Wait(In(absl::Milliseconds(20))).has_value());
  EXPECT_TRUE(child->Write("go\n", Later()).ok());
  EXPECT_TRUE(child->Wait(Later()).has_value());
}

TEST(Subprocess, ReadSaysHowTheOtherEndWasLost) {
  const auto child = Shell("printf abc; exit 7");
  std::string out;
  const absl::Status status = child->Read(4, Later(), out);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), absl::StrCat("sh (process ", child->pid(),
                                           ") ended with exit code 7"));
  EXPECT_EQ(out, "abc");

  const auto victim = Shell("read line");
  std::thread killer([&] {
    usleep(20'000);
    victim->Signal(SIGKILL);
  });
  out.clear();
  const absl::Status killed = victim->Read(1, Later(), out);
  killer.join();
  EXPECT_EQ(killed.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(killed.message(), HasSubstr("was killed by SIGKILL"));
}

TEST(Subprocess, ReadSaysThatOnlyTheOutputWasClosed) {
  const auto child = Shell("exec >&-; read line");
  std::string out;
  const absl::Status status = child->Read(1, In(absl::Seconds(1)), out);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("closed its output"));
}

// SIGPIPE would end this test program.
TEST(Subprocess, WriteSaysHowTheOtherEndWasLost) {
  ASSERT_EQ(signal(SIGPIPE, SIG_DFL), SIG_DFL);
  const auto child = Shell("exit 4");
  ASSERT_TRUE(child->Wait(Later()).has_value());
  const absl::Status status = child->Write("x", Later());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("ended with exit code 4"));
  // No signal is pending, and the mask is restored.
  sigset_t set;
  ASSERT_EQ(sigpending(&set), 0);
  EXPECT_EQ(sigismember(&set, SIGPIPE), 0);
  ASSERT_EQ(pthread_sigmask(SIG_SETMASK, nullptr, &set), 0);
  EXPECT_EQ(sigismember(&set, SIGPIPE), 0);

  // Killed during a write that waits for the reader.
  const auto victim = Shell("read line; sleep 1000");
  std::thread killer([&] {
    usleep(20'000);
    victim->Signal(SIGKILL);
  });
  const absl::Status killed = victim->Write(std::string(1 << 22, 'x'), Later());
  killer.join();
  EXPECT_EQ(killed.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(killed.message(), HasSubstr("was killed by SIGKILL"));
}

TEST(Subprocess, AReadGoesOnWhereItsDeadlineEndedIt) {
  const auto child = Shell("printf abc; read line; printf def; read line");
  std::string out;
  ASSERT_TRUE(child->Read(2, Later(), out).ok());
  EXPECT_EQ(out, "ab");
  const absl::Time start = RealClock().Now();
  const absl::Status status = child->Read(6, In(absl::Milliseconds(50)), out);
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_GE(RealClock().Now() - start, absl::Milliseconds(50));
  EXPECT_EQ(out, "abc");
  ASSERT_TRUE(child->Write("go\n", Later()).ok());
  ASSERT_TRUE(child->Read(6, Later(), out).ok());
  EXPECT_EQ(out, "abcdef");
}

TEST(Subprocess, AWriteEndsAtItsDeadline) {
  const auto child = Shell("sleep 1000");
  const absl::Status status =
      child->Write(std::string(1 << 22, 'x'), In(absl::Milliseconds(50)));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_FALSE(child->Poll().has_value());
}

TEST(Subprocess, ADeadlinePassedTakesWhatIsThere) {
  const auto child = Shell("printf abc; read line");
  std::string out;
  ASSERT_TRUE(child->Read(1, Later(), out).ok());
  const Deadline passed(RealClock(), absl::Seconds(-1));
  EXPECT_TRUE(child->Read(3, passed, out).ok());
  EXPECT_EQ(out, "abc");
  EXPECT_EQ(child->Read(4, passed, out).code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST(Subprocess, AProgramThatCannotBeExecuted) {
  // Orphans of other tests.
  while (waitpid(-1, nullptr, 0) > 0) {
  }
  const ScratchFolder dir;
  const auto start = [](const std::string& path) {
    SubprocessOptions options;
    options.argv = {path};
    return Subprocess::Start(options).status();
  };
  const absl::Status missing = start(dir("nothing"));
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.message(), absl::StrCat("can't start ", dir("nothing"),
                                            ": No such file or directory"));

  ASSERT_TRUE(WriteFileAtomically(dir("text"), "no program").ok());
  absl::Status status = start(dir("text"));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("Permission denied"));
  ASSERT_EQ(chmod(dir("text").c_str(), 0755), 0);
  status = start(dir("text"));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("Exec format error"));

  ASSERT_TRUE(WriteFileAtomically(dir("script"), "#!/no/interpreter\n").ok());
  ASSERT_EQ(chmod(dir("script").c_str(), 0755), 0);
  status = start(dir("script"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("interpreter that it names"));

  // No child is left.
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(Subprocess, AnErrorFileThatCannotBeWritten) {
  const ScratchFolder dir;
  SubprocessOptions options;
  options.argv = {"/bin/true"};
  options.error_file = dir("missing/log");
  const absl::Status status = Subprocess::Start(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("missing/log"));
}

TEST(Subprocess, ErrorsAreAppendedAndOutputWithoutPipeJoinsThem) {
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("log"), "before\n").ok());
  SubprocessOptions options;
  options.argv = {"/bin/sh", "-c", "echo out; echo error >&2; cat; exit 1"};
  options.error_file = dir("log");
  const auto child = StartOrDie(options);
  // Its input is empty, so cat ends.
  ASSERT_TRUE(child->Wait(Later()).has_value());
  EXPECT_EQ(ReadFile(dir("log")).value(), "before\nout\nerror\n");

  // The error tells where the messages are.
  options.pipe_output = true;
  std::string out;
  EXPECT_THAT(StartOrDie(options)->Read(5, Later(), out).message(),
              HasSubstr(absl::StrCat("its messages are in ", dir("log"))));
}

TEST(Subprocess, EnvironmentIsAddedAndReplaced) {
  ASSERT_EQ(setenv("ARCTRM_TEST_KEPT", "kept", 1), 0);
  ASSERT_EQ(setenv("ARCTRM_TEST_REPLACED", "old", 1), 0);
  SubprocessOptions options;
  options.argv = {"/usr/bin/env"};
  options.environment = {{"ARCTRM_TEST_REPLACED", "new=1"},
                         {"ARCTRM_TEST_ADDED", ""}};
  const std::string all = absl::StrCat("\n", Output(options));
  EXPECT_THAT(all, HasSubstr("\nARCTRM_TEST_KEPT=kept\n"));
  EXPECT_THAT(all, HasSubstr("\nARCTRM_TEST_REPLACED=new=1\n"));
  EXPECT_THAT(all, Not(HasSubstr("REPLACED=old")));
  EXPECT_THAT(all, HasSubstr("\nARCTRM_TEST_ADDED=\n"));
  ASSERT_EQ(unsetenv("ARCTRM_TEST_KEPT"), 0);
  ASSERT_EQ(unsetenv("ARCTRM_TEST_REPLACED"), 0);
}

TEST(Subprocess, TheChildHasOnlyStandardDescriptors) {
  // Not closed by exec, low and high.
  const int low = open("/dev/null", O_RDONLY);
  const int high = fcntl(low, F_DUPFD, 700);
  ASSERT_GE(high, 700);
  const auto other = Shell("read line");
  SubprocessOptions options;
  options.argv = {"/bin/ls", "-1", "/proc/self/fd"};
  // ls itself has the folder open as 3.
  EXPECT_EQ(Output(options), "0\n1\n2\n3\n");
  close(low);
  close(high);
}

TEST(Subprocess, OneOfOursBeingClosedDoesNotHarm) {
  const int kept = dup(STDIN_FILENO);
  ASSERT_EQ(close(STDIN_FILENO), 0);
  const auto child = Shell("cat");
  EXPECT_TRUE(child->Write("abc", Later()).ok());
  std::string out;
  EXPECT_TRUE(child->Read(3, Later(), out).ok());
  EXPECT_EQ(out, "abc");
  ASSERT_EQ(dup2(kept, STDIN_FILENO), STDIN_FILENO);
  close(kept);
}

TEST(Subprocess, TheChildHasDefaultSignalHandling) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const auto old_pipe = signal(SIGPIPE, SIG_IGN);
  const auto old_interrupt = signal(SIGINT, SIG_IGN);
  SubprocessOptions options;
  options.argv = {"/bin/cat", "/proc/self/status"};
  const std::string status = Output(options);
  signal(SIGPIPE, old_pipe);
  signal(SIGINT, old_interrupt);
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, &before, &now);
  EXPECT_EQ(sigismember(&now, SIGTERM), 1);
  EXPECT_EQ(sigismember(&now, SIGINT), 0);
  std::map<std::string, std::string> fields;
  for (const absl::string_view line : absl::StrSplit(status, '\n')) {
    const std::pair<std::string, std::string> field =
        absl::StrSplit(line, absl::MaxSplits(":\t", 1));
    fields.insert(field);
  }
  EXPECT_EQ(fields["SigBlk"], "0000000000000000");
  EXPECT_EQ(fields["SigIgn"], "0000000000000000");
}

TEST(Subprocess, TheChildLeadsAGroupOfItsOwn) {
  const auto child = Shell("read line");
  EXPECT_EQ(getpgid(child->pid()), child->pid());
  EXPECT_NE(getpgid(0), child->pid());
  child->Signal(SIGINT);
  const auto state = child->Wait(Later());
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->signal, SIGINT);
  // The number may belong to another process now.
  child->Signal(SIGKILL);
}

TEST(Subprocess, TheDestructorKillsTheWholeGroup) {
  AdoptOrphans();
  auto child = Shell("trap '' TERM; sleep 1000 & echo $!; wait");
  const pid_t grandchild = ReadNumber(*child);
  ASSERT_GT(grandchild, 0);
  const pid_t pid = child->pid();
  child->Signal(SIGTERM);
  EXPECT_FALSE(child->Wait(In(absl::Milliseconds(20))).has_value());
  child = nullptr;
  // The child was reaped, and its own child is gone too.
  EXPECT_EQ(waitpid(pid, nullptr, WNOHANG), -1);
  EXPECT_THAT(SignalThatEnded(grandchild), AnyOf(SIGKILL, SIGTERM));
}

// The background process holds the pipe open, so there is no end of file.
TEST(Subprocess, WhatAnEndedChildLeftBehindIsKilled) {
  AdoptOrphans();
  const auto child = Shell("sleep 1000 & echo $!; exit 5");
  const pid_t grandchild = ReadNumber(*child);
  ASSERT_GT(grandchild, 0);
  std::string out;
  const absl::Status status = child->Read(1, Later(), out);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("ended with exit code 5"));
  EXPECT_EQ(SignalThatEnded(grandchild), SIGKILL);
}

// A process that left the group survives and holds the pipe open.
TEST(Subprocess, AnEndedChildIsNoticedThoughItsPipeIsOpen) {
  const auto child = Shell("setsid sleep 1000 & echo $!; exit 5");
  const pid_t other = ReadNumber(*child);
  ASSERT_GT(other, 0);
  std::string out;
  const absl::Status status = child->Read(1, In(absl::Seconds(20)), out);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(status.message(), HasSubstr("ended with exit code 5"));
  kill(other, SIGKILL);
}

TEST(Subprocess, DiesWithItsParent) {
  AdoptOrphans();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    SubprocessOptions options;
    options.argv = {"/bin/sh", "-c", "trap '' TERM INT HUP; exec sleep 1000"};
    const auto child = StartOrDie(options);
    const int pid = child->pid();
    if (write(ends[1], &pid, sizeof(pid)) != sizeof(pid)) _exit(1);
    for (;;) pause();
  }
  int grandchild = 0;
  ASSERT_EQ(read(ends[0], &grandchild, sizeof(grandchild)),
            static_cast<ssize_t>(sizeof(grandchild)));
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(kill(grandchild, 0), 0);
  ASSERT_EQ(kill(parent, SIGKILL), 0);
  ASSERT_EQ(waitpid(parent, nullptr, 0), parent);
  EXPECT_EQ(SignalThatEnded(grandchild), SIGKILL);
}

TEST(Subprocess, OfManyAtOnceEachHasItsOwnEnd) {
  constexpr int kCount = 8;
  std::vector<std::thread> threads;
  std::vector<int> codes(kCount, -1);
  for (int i = 0; i < kCount; ++i) {
    threads.emplace_back([i, &codes] {
      for (int round = 0; round < 5; ++round) {
        const auto child = Shell(absl::StrCat("cat; exit ", i));
        const std::string word(1000, static_cast<char>('a' + i));
        std::string out;
        if (!child->Write(word, Later()).ok()) return;
        // A copy of this end in another child would keep cat waiting.
        child->CloseInput();
        if (child->Read(1001, Later(), out).ok() || out != word) return;
        codes[static_cast<size_t>(i)] = child->Wait(Later())->code;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < kCount; ++i) EXPECT_EQ(codes[static_cast<size_t>(i)], i);
}

// Another waitpid() call, or SIGCHLD ignored.
TEST(Subprocess, AnEndThatSomebodyElseSawIsStillAnEnd) {
  const auto child = Shell("exit 0");
  ASSERT_EQ(waitpid(child->pid(), nullptr, 0), child->pid());
  const auto state = child->Wait(Later());
  ASSERT_TRUE(state.has_value());
  EXPECT_FALSE(state->ok());
  EXPECT_THAT(state->Text(), StartsWith("ended"));
}

}  // namespace
}  // namespace arctrm
