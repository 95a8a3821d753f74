// SPDX-License-Identifier: MIT
#include "pipeline/inputs.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

// x_challenges.json -> x_solutions.json, packed or not, where such a file
// exists; else "".
std::string SolutionsBeside(const std::string& path) {
  const std::string name = Basename(path);
  if (!absl::StrContains(name, "challenges")) return "";
  std::string beside = JoinPath(
      Dirname(path), absl::StrReplaceAll(name, {{"challenges", "solutions"}}));
  if (FileExists(beside)) return beside;
  for (absl::string_view packing : {".gz", ".zst"}) {
    absl::string_view bare = beside;
    if (absl::ConsumeSuffix(&bare, packing)) beside = std::string(bare);
  }
  for (absl::string_view packing : {"", ".gz", ".zst"}) {
    const std::string packed = absl::StrCat(beside, packing);
    if (FileExists(packed)) return packed;
  }
  return "";
}

// Gives each task its solution; what has none, and why, goes to `left_out`.
void MatchSolutions(UsableSolutions known, TaskFiles* files,
                    std::vector<std::string>* left_out) {
  std::vector<Task> kept;
  SolutionSet solutions;
  for (Task& task : files->challenges.tasks) {
    const auto found = known.solutions.find(task.id);
    const auto fault = known.unusable.find(task.id);
    if (fault != known.unusable.end()) {
      left_out->push_back(absl::StrCat(task.id, " (", fault->second, ")"));
    } else if (found == known.solutions.end()) {
      left_out->push_back(
          absl::StrCat(task.id, " (its test outputs are not known)"));
    } else if (found->second.size() != task.test_inputs.size()) {
      left_out->push_back(
          absl::StrCat(task.id, " (", found->second.size(), " solutions for ",
                       task.test_inputs.size(), " test inputs)"));
    } else {
      solutions[task.id] = std::move(found->second);
      kept.push_back(std::move(task));
    }
  }
  files->challenges.tasks = std::move(kept);
  files->solutions = std::move(solutions);
}

// Ids of `solutions` that no task has, not even one that was left out.
std::vector<std::string> Strangers(const SolutionSet& solutions,
                                   const TaskFiles& files) {
  std::set<absl::string_view> known(files.left_out.begin(),
                                    files.left_out.end());
  for (const Task& task : files.challenges.tasks) known.insert(task.id);
  std::vector<std::string> strangers;
  for (const auto& [id, grids] : solutions) {
    if (known.count(id) == 0) strangers.push_back(id);
  }
  return strangers;
}

absl::Status UnknownOutputs(const std::string& argument,
                            const std::string& path, size_t tasks) {
  return absl::InvalidArgumentError(absl::StrCat(
      "--train-on ", argument, ": the test outputs of ", tasks,
      " tasks are not known; give them as --train-on ", path,
      "=SOLUTIONS.json, or use --challenges to train on demonstrations only"));
}

absl::StatusOr<DatasetSource> ReadTrainOn(const std::string& argument,
                                          std::vector<Remark>* remarks) {
  std::string path = argument;
  std::string solutions;
  // A path that exists as it stands may contain '='.
  const size_t equals = argument.rfind('=');
  if (!FileExists(argument) && equals != std::string::npos) {
    path = argument.substr(0, equals);
    solutions = argument.substr(equals + 1);
  }
  ARCTRM_ASSIGN_OR_RETURN(TaskFiles files,
                          ReadTasks(path, {.leave_out = true}));
  if (solutions.empty() && files.solutions.empty()) {
    solutions = SolutionsBeside(path);
  }
  UsableSolutions known;
  if (!solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(known, ReadUsableSolutions(solutions));
  } else {
    known.solutions = std::move(files.solutions);
  }
  const size_t tasks = files.challenges.tasks.size();
  if (known.solutions.empty() && known.unusable.empty()) {
    return UnknownOutputs(argument, path, tasks);
  }
  std::vector<std::string> strangers = Strangers(known.solutions, files);
  std::vector<std::string> left_out;
  MatchSolutions(std::move(known), &files, &left_out);
  for (Remark& remark : files.remarks) remarks->push_back(std::move(remark));
  if (!left_out.empty()) {
    remarks->push_back(
        {absl::StrCat(path, ": left out ", left_out.size(), " of ", tasks,
                      " tasks for lack of test outputs"),
         std::move(left_out)});
  }
  if (files.challenges.tasks.empty()) {
    constexpr size_t kListed = 10;
    return absl::InvalidArgumentError(
        absl::StrCat(RemarkText(remarks->back(), kListed),
                     "; do the two files belong together?"));
  }
  if (!strangers.empty()) {
    remarks->push_back(
        {absl::StrCat(solutions, ": ", strangers.size(),
                      " solutions of tasks that ", path, " doesn't hold"),
         std::move(strangers)});
  }
  DatasetSource source;
  source.train_on_test_pairs = true;
  source.challenges = std::move(files.challenges);
  source.solutions = std::move(files.solutions);
  return source;
}

// The challenges of all `paths`, with every fault of every path in one error.
absl::Status ReadChallenges(const std::vector<std::string>& paths,
                            JobInputs* inputs) {
  absl::Status faults;
  const auto add = [&](const absl::Status& status) {
    faults = faults.ok() ? status
                         : absl::Status(faults.code(),
                                        absl::StrCat(faults.message(), "; ",
                                                     status.message()));
  };
  std::map<std::string, std::string> file_of;
  for (const std::string& path : paths) {
    absl::StatusOr<TaskFiles> files = ReadTasks(path);
    if (!files.ok()) {
      add(files.status());
      continue;
    }
    std::vector<std::string> twice;
    for (Task& task : files->challenges.tasks) {
      const auto [it, fresh] = file_of.emplace(task.id, path);
      if (fresh) {
        inputs->challenges.tasks.push_back(std::move(task));
      } else {
        twice.push_back(
            absl::StrCat("task ", task.id, " is also in ", it->second));
      }
    }
    if (!twice.empty()) {
      constexpr size_t kListed = 10;
      add(absl::InvalidArgumentError(
          absl::StrCat(RemarkText({path, std::move(twice)}, kListed),
                       "; a submission holds every task once")));
    }
    inputs->solutions.merge(files->solutions);
    for (Remark& remark : files->remarks) {
      inputs->remarks.push_back(std::move(remark));
    }
  }
  return faults;
}

}  // namespace

absl::StatusOr<JobInputs> ReadJobInputs(
    const std::vector<std::string>& challenges, const std::string& solutions,
    const std::vector<std::string>& train_on) {
  JobInputs inputs;
  ARCTRM_RETURN_IF_ERROR(ReadChallenges(challenges, &inputs));
  if (!solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(inputs.solutions,
                            ReadSolutions(solutions, &inputs.challenges));
  }
  if (!inputs.challenges.tasks.empty()) {
    DatasetSource source;
    source.challenges = inputs.challenges;
    inputs.sources.push_back(std::move(source));
  }
  for (const std::string& argument : train_on) {
    ARCTRM_ASSIGN_OR_RETURN(DatasetSource source,
                            ReadTrainOn(argument, &inputs.remarks));
    inputs.sources.push_back(std::move(source));
  }
  return inputs;
}

}  // namespace arctrm
