// SPDX-License-Identifier: MIT
#include "pipeline/inputs.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

// x_challenges.json -> x_solutions.json, where that file exists; else "".
std::string SolutionsBeside(const std::string& path) {
  const std::string name = Basename(path);
  if (!absl::StrContains(name, "challenges")) return "";
  const std::string beside = JoinPath(
      Dirname(path), absl::StrReplaceAll(name, {{"challenges", "solutions"}}));
  return FileExists(beside) ? beside : "";
}

absl::StatusOr<DatasetSource> ReadTrainOn(const std::string& argument) {
  std::string path = argument;
  std::string solutions;
  // A path that exists as it stands may contain '='.
  const size_t equals = argument.rfind('=');
  if (!FileExists(argument) && equals != std::string::npos) {
    path = argument.substr(0, equals);
    solutions = argument.substr(equals + 1);
  }
  ARCTRM_ASSIGN_OR_RETURN(TaskFiles files, ReadTasks(path));
  DatasetSource source;
  source.train_on_test_pairs = true;
  if (solutions.empty() && files.solutions.empty()) {
    solutions = SolutionsBeside(path);
  }
  if (!solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(files.solutions,
                            ReadSolutions(solutions, &files.challenges));
  }
  if (files.solutions.size() != files.challenges.tasks.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--train-on ", argument, ": the test outputs of ",
        files.challenges.tasks.size() - files.solutions.size(),
        " tasks are not known; give them as --train-on ", path,
        "=SOLUTIONS.json, or use --challenges to train on demonstrations "
        "only"));
  }
  source.challenges = std::move(files.challenges);
  source.solutions = std::move(files.solutions);
  return source;
}

}  // namespace

std::vector<std::string> TrainOnPaths(const std::string& argument) {
  const size_t equals = argument.rfind('=');
  if (!FileExists(argument) && equals != std::string::npos) {
    return {argument.substr(0, equals), argument.substr(equals + 1)};
  }
  const std::string beside = SolutionsBeside(argument);
  if (beside.empty()) return {argument};
  return {argument, beside};
}

absl::StatusOr<JobInputs> ReadJobInputs(
    const std::vector<std::string>& challenges, const std::string& solutions,
    const std::vector<std::string>& train_on) {
  JobInputs inputs;
  std::map<std::string, std::string> file_of;
  for (const std::string& path : challenges) {
    ARCTRM_ASSIGN_OR_RETURN(TaskFiles files, ReadTasks(path));
    for (Task& task : files.challenges.tasks) {
      const auto [it, fresh] = file_of.emplace(task.id, path);
      if (!fresh) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, ": task ", task.id, " is also in ", it->second,
                         "; a submission holds every task once"));
      }
      inputs.challenges.tasks.push_back(std::move(task));
    }
    inputs.solutions.merge(files.solutions);
  }
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
    ARCTRM_ASSIGN_OR_RETURN(DatasetSource source, ReadTrainOn(argument));
    inputs.sources.push_back(std::move(source));
  }
  return inputs;
}

}  // namespace arctrm
