// SPDX-License-Identifier: MIT
// Was what is scored trained on? Compared by task id and by content.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arc/task.h"
#include "augment/dataset.h"

namespace arctrm {

// What a model saw of one task.
struct TrainedTask {
  std::string name;
  // Test pairs of the task were trained on, not only demonstrations.
  bool test_pairs = false;
  // Sha256Prefix of (input, output) content of every pair trained on.
  std::vector<uint64_t> pair_hashes;
  friend bool operator==(const TrainedTask&, const TrainedTask&) = default;
};

std::vector<TrainedTask> TrainedTasks(const Dataset& dataset);
// Union by name and content; `into` keeps its order.
void MergeTrainedTasks(const std::vector<TrainedTask>& more,
                       std::vector<TrainedTask>& into);

struct Leak {
  std::string task_id;
  // "trained on with its test pairs as <name>" or "test pair 0 is a training
  // pair of <name>".
  std::string reason;
};

// Tasks of `scored` whose test pairs may have been seen: the same id trained
// with test pairs, or a test pair (input and known output) among the pairs
// trained on of any task. In the order of `scored`, one entry a task.
std::vector<Leak> FindLeaks(const std::vector<TrainedTask>& trained,
                            const ChallengeSet& scored,
                            const SolutionSet& solutions);

// One line for log, score and report; "" without leaks. "376 of 400 scored
// tasks were trained on (009d5c81, …): the score is not a measure of …".
std::string LeakWarning(const std::vector<Leak>& leaks, int scored_tasks);

}  // namespace arctrm
