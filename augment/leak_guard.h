// SPDX-License-Identifier: MIT
// Detects scored tasks that were trained on, by task id and by content.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arc/task.h"
#include "augment/dataset.h"

namespace arctrm {

// The part of a task that a model was trained on.
struct TrainedTask {
  std::string name;
  // Was the model trained on test pairs too?
  bool test_pairs = false;
  // Sha256Prefix of the (input, output) content of every training pair.
  std::vector<uint64_t> pair_hashes;
  friend bool operator==(const TrainedTask&, const TrainedTask&) = default;
};

std::vector<TrainedTask> TrainedTasks(const Dataset& dataset);
// Adds `more` to `into`, merging by name and content; `into` keeps its order.
void MergeTrainedTasks(const std::vector<TrainedTask>& more,
                       std::vector<TrainedTask>& into);

struct Leak {
  std::string task_id;
  // "trained on with its test pairs as <name>" or "test pair 0 is a training
  // pair of <name>".
  std::string reason;
};

// Tasks of `scored` whose test pairs may have been seen: a task with the same
// id was trained on with test pairs, or a test pair (input and known output) is
// a training pair of any task. In the order of `scored`, one entry per task.
std::vector<Leak> FindLeaks(const std::vector<TrainedTask>& trained,
                            const ChallengeSet& scored,
                            const SolutionSet& solutions);

// One line for log, score and report; "" without leaks.
std::string LeakWarning(const std::vector<Leak>& leaks, int scored_tasks);

}  // namespace arctrm
