// SPDX-License-Identifier: MIT
#include "pipeline/run_inputs.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/read_text.h"
#include "base/status.h"

namespace arctrm {
namespace {

// x_challenges.json -> x_solutions.json, packed or not; "" if there is no such
// file.
std::string SolutionsBeside(const std::string& path) {
  const std::string name = Basename(path);
  if (!absl::StrContains(name, "challenges")) return "";
  std::string beside = JoinPath(
      Dirname(path), absl::StrReplaceAll(name, {{"challenges", "solutions"}}));
  if (FileExists(beside)) return beside;
  beside = std::string(WithoutPacking(beside));
  for (absl::string_view packing : {"", ".gz", ".gzip", ".zst", ".zstd"}) {
    std::string packed = absl::StrCat(beside, packing);
    if (FileExists(packed)) return packed;
  }
  return "";
}

// Removes the tasks with unusable solutions.
void LeaveOut(const std::map<std::string, std::string>& unusable,
              const std::string& path, TaskFiles* files) {
  const size_t all = files->challenges.tasks.size();
  std::vector<Task> kept;
  std::vector<std::string> left_out;
  for (Task& task : files->challenges.tasks) {
    const auto fault = unusable.find(task.id);
    if (fault == unusable.end()) {
      kept.push_back(std::move(task));
    } else {
      left_out.push_back(absl::StrCat(task.id, " (", fault->second, ")"));
      files->solutions.erase(task.id);
    }
  }
  files->challenges.tasks = std::move(kept);
  if (left_out.empty()) return;
  files->remarks.push_back(
      {absl::StrCat(path, ": left out ", left_out.size(), " of ", all,
                    " tasks for their solutions"),
       std::move(left_out)});
}

absl::Status UnknownOutputs(const std::string& argument,
                            const std::string& path, size_t tasks) {
  return absl::InvalidArgumentError(absl::StrCat(
      "--train-on ", argument, ": the test outputs of ", tasks,
      " tasks are not known; give them as --train-on ", path,
      "=SOLUTIONS.json, or use --challenges to train on demonstrations only"));
}

struct TrainOnArgument {
  std::string path;
  // "" if not given.
  std::string solutions;
};

// File names may contain '=' too. Among the ways to divide `argument`, prefers
// one whose parts both exist, then one whose first part exists, then one whose
// second part exists.
TrainOnArgument Divide(const std::string& argument) {
  const auto exists = [](const std::string& path) {
    return FileExists(TaskFilePath(path));
  };
  if (exists(argument)) return {argument, ""};
  TrainOnArgument best = {argument, ""};
  int most = -1;
  for (size_t equals = argument.find('='); equals != std::string::npos;
       equals = argument.find('=', equals + 1)) {
    TrainOnArgument parts = {argument.substr(0, equals),
                             argument.substr(equals + 1)};
    const int found =
        2 * int{exists(parts.path)} + int{exists(parts.solutions)};
    if (found >= most) {
      most = found;
      best = std::move(parts);
    }
  }
  return best;
}

absl::StatusOr<DatasetSource> ReadTrainOn(const std::string& argument,
                                          std::vector<Remark>* remarks) {
  auto [path, solutions] = Divide(argument);
  if (path != argument && (path.empty() || solutions.empty())) {
    return absl::InvalidArgumentError(
        absl::StrCat("--train-on ", argument, ": no file is named ",
                     path.empty() ? "before" : "after",
                     " the '='; expected FILE or FILE=SOLUTIONS"));
  }
  ARCTRM_ASSIGN_OR_RETURN(TaskFiles files,
                          ReadTasks(path, {.leave_out = true}));
  if (solutions.empty() && files.solutions.empty()) {
    solutions = SolutionsBeside(path);
  }
  if (!solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(UsableSolutions known,
                            ReadUsableSolutions(solutions, files));
    files.solutions = std::move(known.solutions);
    for (const std::string& id : files.left_out) files.solutions.erase(id);
    LeaveOut(known.unusable, path, &files);
    if (files.challenges.tasks.empty()) {
      constexpr size_t kListed = 10;
      return absl::InvalidArgumentError(
          absl::StrCat(RemarkText(files.remarks.back(), kListed),
                       "; nothing is left to train on"));
    }
  }
  const size_t unknown = files.challenges.tasks.size() - files.solutions.size();
  if (unknown > 0) return UnknownOutputs(argument, path, unknown);
  for (Remark& remark : files.remarks) remarks->push_back(std::move(remark));
  DatasetSource source;
  source.train_on_test_pairs = true;
  source.challenges = std::move(files.challenges);
  source.solutions = std::move(files.solutions);
  return source;
}

// Reads the challenges of all `paths`. One error names the faults of all files.
absl::Status ReadChallenges(const std::vector<std::string>& paths,
                            RunInputs* inputs) {
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

std::vector<std::string> TrainOnPaths(const std::string& argument) {
  const TrainOnArgument parts = Divide(argument);
  if (!parts.solutions.empty()) return {parts.path, parts.solutions};
  const std::string beside = SolutionsBeside(argument);
  if (beside.empty()) return {argument};
  return {argument, beside};
}

absl::StatusOr<RunInputs> ReadRunInputs(
    const std::vector<std::string>& challenges, const std::string& solutions,
    const std::vector<std::string>& train_on) {
  RunInputs inputs;
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
