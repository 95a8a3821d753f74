// SPDX-License-Identifier: MIT
#include "tests/solver/ranks.h"

#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

std::map<std::string, RankJob>& Jobs() {
  static auto& jobs = *new std::map<std::string, RankJob>;
  return jobs;
}

// A free port of the loopback interface.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
  close(fd);
  return ntohs(address.sin_port);
}

// The test that a process of Ranks runs; a normal test run skips it.
TEST(RankProcess, DISABLED_DoesItsJob) {
  const char* job = std::getenv("ARCTRM_TEST_JOB");
  ASSERT_NE(job, nullptr);
  const auto group = ProcessGroupFromEnvironment();
  ASSERT_TRUE(group.ok()) << group.status();
  ASSERT_EQ(Jobs().count(job), 1u) << job;
  Jobs()[job](*group, std::getenv("ARCTRM_TEST_FOLDER"));
}

}  // namespace

bool AddRankJob(const std::string& name, RankJob job) {
  return Jobs().emplace(name, std::move(job)).second;
}

Ranks::Ranks(const std::string& name, int size, const std::string& folder,
             std::map<std::string, std::string> variables) {
  variables["ARCTRM_TEST_JOB"] = name;
  variables["ARCTRM_TEST_FOLDER"] = folder;
  variables["WORLD_SIZE"] = absl::StrCat(size);
  variables.emplace("MASTER_PORT", absl::StrCat(FreePort()));
  for (int rank = 0; rank < size; ++rank) {
    variables["RANK"] = absl::StrCat(rank);
    std::vector<std::string> environment;
    for (char** at = environ; *at != nullptr; ++at) {
      // Ranks must not write the result file of this test.
      if (!absl::StartsWith(*at, "GTEST_") &&
          !absl::StartsWith(*at, "TEST_TMPDIR=")) {
        environment.push_back(*at);
      }
    }
    for (const auto& [key, value] : variables) {
      environment.push_back(absl::StrCat(key, "=", value));
    }
    std::vector<char*> pointers;
    for (std::string& item : environment) pointers.push_back(item.data());
    pointers.push_back(nullptr);
    std::vector<std::string> words = {
        "/proc/self/exe", "--gtest_also_run_disabled_tests",
        "--gtest_filter=RankProcess.*", "--gtest_brief=1"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t pid = -1;
    EXPECT_EQ(posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr,
                          arguments.data(), pointers.data()),
              0);
    pids_.push_back(pid);
  }
}

Ranks::~Ranks() {
  for (const pid_t pid : pids_) {
    if (pid <= 0) continue;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
}

bool Ranks::Succeeded(int rank) {
  pid_t& pid = pids_[static_cast<size_t>(rank)];
  if (pid <= 0) return false;
  const absl::Time limit = absl::Now() + absl::Seconds(60);
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (absl::Now() > limit) {
      ADD_FAILURE() << "rank " << rank << " hangs";
      kill(pid, SIGKILL);
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
  pid = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace arctrm
