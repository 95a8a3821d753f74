// SPDX-License-Identifier: MIT
// Runs the ranks of a process group as processes: each starts this test program
// again for one job.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "solver/process_group.h"

namespace arctrm {

// A job is a function of the rank's process group and of a folder for files. A
// failed expectation fails the process. Global variables register jobs:
//   const bool kAdd = AddRankJob("add", [](const ProcessGroup& group, …) { …
//   });
using RankJob = std::function<void(const ProcessGroup&, const std::string&)>;
bool AddRankJob(const std::string& name, RankJob job);

// Starts `size` processes, which run the job `name` with one thread each.
class Ranks {
 public:
  Ranks(const std::string& name, int size, const std::string& folder,
        std::map<std::string, std::string> variables = {});
  // Kills all running processes.
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  // Waits for a rank; true if all its expectations held. Kills it after 60 s.
  bool Succeeded(int rank);

 private:
  std::vector<pid_t> pids_;
};

}  // namespace arctrm
