// SPDX-License-Identifier: MIT
// The processes of one try at a training, seen from their leader.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/subprocess.h"
#include "nlohmann/json.hpp"

namespace arctrm {

// A port that was free a moment ago, for the ranks to meet.
absl::StatusOr<int> FreePort();

// The ranks, and what they say in order of arrival. Those that still run are
// killed with it.
class TrainingRanks {
 public:
  struct Event {
    size_t rank = 0;
    absl::StatusOr<nlohmann::json> said;  // an error: the rank is gone
  };
  // Why a try ended, and the rank that went first.
  struct Fault {
    absl::Status why;
    size_t rank = 0;
  };

  ~TrainingRanks();

  // Starts the next rank. From the thread that will outlive the process.
  absl::Status Add(const SubprocessOptions& options, const std::string& request,
                   const Deadline& deadline);
  // After the last Add().
  void Listen();

  // The next event, nothing when none comes within `patience`.
  std::optional<Event> Next(absl::Duration patience);
  // Whose fault `error`, told by `rank`, is: where another one died or has an
  // error of its own, that one's. Those that miss a rank say so before they
  // end; one that died says nothing. Takes events for up to a second.
  Fault Blame(size_t rank, const absl::Status& error);

  void Tell(const nlohmann::json& what);
  size_t size() const { return processes_.size(); }

 private:
  void Read(size_t rank);

  std::vector<std::unique_ptr<Subprocess>> processes_;
  std::vector<std::thread> readers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;  // guarded by mutex_
};

}  // namespace arctrm
