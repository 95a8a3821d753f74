// SPDX-License-Identifier: MIT
// Running a built program and looking at what it printed.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/status.h"
#include "gtest/gtest.h"

namespace arctrm {

struct ProgramResult {
  // 128 + signal for a program that was killed.
  int exit_code = -1;
  std::string out;
  std::string err;
  // On the wall, and of processors: what a busy machine doesn't stretch.
  absl::Duration time;
  absl::Duration cpu_time;
};

struct ProgramOptions {
  // "NAME=value" each, beside this process's own.
  std::vector<std::string> environment;
  // Where standard output goes; "": into the result.
  std::string out_path;
};

// A fresh empty folder for the running test.
inline std::string TestFolder() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string dir = JoinPath(
      ::testing::TempDir(),
      absl::StrCat(info->test_suite_name(), ".", info->name(), ".", getpid()));
  ARCTRM_CHECK(RemoveAll(dir).ok());
  ARCTRM_CHECK(MakeDirectories(dir).ok());
  return dir;
}

// Runs argv[0] in the folder `dir` and waits for it. Its standard input is
// empty; its output passes through files in `dir`, removed afterwards.
inline ProgramResult RunProgram(const std::vector<std::string>& argv,
                                const std::string& dir,
                                const ProgramOptions& options = {}) {
  const std::string out_path =
      options.out_path.empty() ? JoinPath(dir, ".stdout") : options.out_path;
  const std::string err_path = JoinPath(dir, ".stderr");
  std::vector<char*> words;
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  const absl::Time start = RealClock().Now();
  const pid_t child = fork();
  ARCTRM_CHECK(child >= 0);
  if (child == 0) {
    for (const std::string& setting : options.environment) {
      putenv(const_cast<char*>(setting.c_str()));
    }
    const int in = open("/dev/null", O_RDONLY);
    const int out = open(out_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open(err_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (in < 0 || out < 0 || err < 0 || chdir(dir.c_str()) != 0) _exit(127);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execv(words[0], words.data());
    _exit(127);
  }
  int status = 0;
  rusage usage = {};
  ARCTRM_CHECK(wait4(child, &status, 0, &usage) == child);
  ProgramResult result;
  result.time = RealClock().Now() - start;
  result.cpu_time = absl::DurationFromTimeval(usage.ru_utime) +
                    absl::DurationFromTimeval(usage.ru_stime);
  result.exit_code =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (options.out_path.empty()) {
    result.out = ReadFile(out_path).value();
    ARCTRM_CHECK(RemoveAll(out_path).ok());
  }
  result.err = ReadFile(err_path).value();
  ARCTRM_CHECK(RemoveAll(err_path).ok());
  return result;
}

}  // namespace arctrm
