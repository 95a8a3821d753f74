// SPDX-License-Identifier: MIT
#include "augment/leak_guard.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hash.h"

namespace arctrm {
namespace {

uint64_t PairHash(const Pair& pair) {
  return Sha256Prefix(
      absl::StrCat(pair.input.ContentBytes(), pair.output.ContentBytes()));
}

// "<id>#2" is a second task with the same id. Ids may contain '#', so a name
// stands for itself and for the part before its last '#'.
std::string BareId(const std::string& name) {
  const size_t mark = name.rfind('#');
  if (mark == std::string::npos || mark + 1 == name.size() ||
      !std::all_of(name.begin() + static_cast<std::ptrdiff_t>(mark) + 1,
                   name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return name;
  }
  return name.substr(0, mark);
}

}  // namespace

std::vector<TrainedTask> TrainedTasks(const Dataset& dataset) {
  std::vector<TrainedTask> trained;
  for (const DatasetTask& task : dataset.tasks) {
    TrainedTask out;
    out.name = task.name;
    out.test_pairs = task.trains_on_test_pairs;
    for (const Pair& pair : task.pairs) {
      out.pair_hashes.push_back(PairHash(pair));
    }
    trained.push_back(std::move(out));
  }
  return trained;
}

void MergeTrainedTasks(const std::vector<TrainedTask>& more,
                       std::vector<TrainedTask>& into) {
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < into.size(); ++i) index[into[i].name] = i;
  for (const TrainedTask& task : more) {
    const auto [it, fresh] = index.emplace(task.name, into.size());
    if (fresh) {
      into.push_back(task);
      continue;
    }
    TrainedTask& known = into[it->second];
    known.test_pairs = known.test_pairs || task.test_pairs;
    for (uint64_t hash : task.pair_hashes) {
      if (std::find(known.pair_hashes.begin(), known.pair_hashes.end(), hash) ==
          known.pair_hashes.end()) {
        known.pair_hashes.push_back(hash);
      }
    }
  }
}

std::vector<Leak> FindLeaks(const std::vector<TrainedTask>& trained,
                            const ChallengeSet& scored,
                            const SolutionSet& solutions) {
  std::map<std::string, const TrainedTask*> with_tests;
  std::unordered_map<uint64_t, const TrainedTask*> by_pair;
  for (const TrainedTask& task : trained) {
    if (task.test_pairs) {
      with_tests.emplace(task.name, &task);
      with_tests.emplace(BareId(task.name), &task);
    }
    for (uint64_t hash : task.pair_hashes) by_pair.emplace(hash, &task);
  }
  std::vector<Leak> leaks;
  for (const Task& task : scored.tasks) {
    const auto seen = with_tests.find(task.id);
    if (seen != with_tests.end()) {
      leaks.push_back(
          {task.id, absl::StrCat("trained on with its test pairs as ",
                                 seen->second->name)});
      continue;
    }
    const auto known = solutions.find(task.id);
    if (known == solutions.end()) continue;
    for (size_t i = 0; i < task.test_inputs.size() && i < known->second.size();
         ++i) {
      const auto hit =
          by_pair.find(PairHash({task.test_inputs[i], known->second[i]}));
      if (hit == by_pair.end()) continue;
      leaks.push_back(
          {task.id, absl::StrCat("test pair ", i, " is a training pair of ",
                                 hit->second->name)});
      break;
    }
  }
  return leaks;
}

std::string LeakWarning(const std::vector<Leak>& leaks, int scored_tasks) {
  if (leaks.empty()) return "";
  constexpr size_t kNamed = 5;
  std::string named;
  for (size_t i = 0; i < std::min(kNamed, leaks.size()); ++i) {
    absl::StrAppend(&named, i > 0 ? ", " : "", leaks[i].task_id);
  }
  if (leaks.size() > kNamed) absl::StrAppend(&named, ", ...");
  return absl::StrCat(leaks.size(), " of ", scored_tasks,
                      " scored tasks were trained on with their answers (",
                      named,
                      "): the score does not measure how new tasks are solved");
}

}  // namespace arctrm
