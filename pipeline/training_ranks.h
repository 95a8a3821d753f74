// SPDX-License-Identifier: MIT
// The processes of one attempt at a training, as their leader sees them.
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

// A free port where the ranks can meet. Another process may take it first.
absl::StatusOr<int> FreePort();

// The ranks and their messages in order of arrival. The destructor kills ranks
// that still run.
class TrainingRanks {
 public:
  struct Event {
    size_t rank = 0;
    absl::StatusOr<nlohmann::json> message;  // an error: the rank is gone
  };
  // Why an attempt ended, and the rank that failed first.
  struct Fault {
    absl::Status why;
    size_t rank = 0;
  };

  ~TrainingRanks();

  // Starts the next rank. Call from a thread that outlives the rank.
  absl::Status Add(const SubprocessOptions& options, const std::string& request,
                   const Deadline& deadline);
  // Starts reading messages. Call after the last Add().
  void Listen();

  // Returns the next event; nothing if none comes within `patience`.
  std::optional<Event> Next(absl::Duration patience);
  // Finds the cause of `error`, which `rank` reported. If the error only says
  // that another rank is missing, the cause is a rank that died or reported an
  // error of its own. Reads events for up to a second.
  Fault Blame(size_t rank, const absl::Status& error);

  // Sends a message to all ranks.
  void SendToAll(const nlohmann::json& message);
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
