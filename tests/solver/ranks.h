// SPDX-License-Identifier: MIT
// Runs the ranks of a group as processes of their own: this test program,
// started again to do one job.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "solver/process_group.h"

namespace arctrm {

// A job is a function of the group that the process is in and of a folder for
// files; what it expects in vain makes the process fail. Jobs are named before
// main(), one a variable:
//   const bool kAdd = AddRankJob("add", [](const Group& g, …) { … });
using RankJob = std::function<void(const ProcessGroup&, const std::string&)>;
bool AddRankJob(const std::string& name, RankJob job);

// `size` processes that each do the job `name` with one thread.
class Ranks {
 public:
  Ranks(const std::string& name, int size, const std::string& folder,
        std::map<std::string, std::string> variables = {});
  // Kills those that still run.
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  // Waits for a rank; true when all it expected was so. Killed after 60 s.
  bool Succeeded(int rank);

 private:
  std::vector<pid_t> pids_;
};

}  // namespace arctrm
