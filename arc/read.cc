// SPDX-License-Identifier: MIT
#include "arc/read.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "arc/internal/json_document.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

struct ParsedPair {
  Grid input;
  // Empty: there is none.
  Grid output;
};

absl::StatusOr<ParsedPair> ReadPair(element value, JsonPlace place) {
  ARCTRM_ASSIGN_OR_RETURN(
      const object members,
      ReadObject(value, "an object with \"input\" and \"output\"", place));
  ParsedPair pair;
  for (const auto field : members) {
    place.key = AbslView(field.key);
    if (place.key != "input" && place.key != "output") {
      place.key = {};
      return place.Fault(absl::StrCat(
          "expected the keys \"input\" and \"output\" alone, found \"",
          absl::CEscape(AbslView(field.key).substr(0, 64)), "\""));
    }
    Grid& grid = place.key == "input" ? pair.input : pair.output;
    ARCTRM_ASSIGN_OR_RETURN(grid, ReadGrid(field.value, place));
  }
  place.key = {};
  if (pair.input.empty()) return place.Fault("\"input\" is missing");
  return pair;
}

absl::Status ReadDemonstrations(element value, JsonPlace place, Task* task) {
  array pairs;
  if (value.get(pairs) != simdjson::SUCCESS) {
    return place.Unexpected("a list of demonstrations", value);
  }
  place.index = 0;
  for (element item : pairs) {
    ARCTRM_ASSIGN_OR_RETURN(ParsedPair pair, ReadPair(item, place));
    if (pair.output.empty()) return place.Fault("\"output\" is missing");
    task->demonstrations.push_back(
        {std::move(pair.input), std::move(pair.output)});
    ++place.index;
  }
  place.index = -1;
  if (task->demonstrations.empty()) {
    return place.Fault("no demonstrations; a task needs at least one");
  }
  return absl::OkStatus();
}

// `outputs` gets one grid a test input, or none at all where one is not known.
absl::Status ReadTests(element value, JsonPlace place, Task* task,
                       std::vector<Grid>* outputs) {
  array pairs;
  if (value.get(pairs) != simdjson::SUCCESS) {
    return place.Unexpected("a list of test inputs", value);
  }
  place.index = 0;
  for (element item : pairs) {
    ARCTRM_ASSIGN_OR_RETURN(ParsedPair pair, ReadPair(item, place));
    task->test_inputs.push_back(std::move(pair.input));
    if (!pair.output.empty()) outputs->push_back(std::move(pair.output));
    ++place.index;
  }
  place.index = -1;
  if (task->test_inputs.empty()) {
    return place.Fault("no test inputs; a task needs at least one");
  }
  if (outputs->size() != task->test_inputs.size()) outputs->clear();
  return absl::OkStatus();
}

absl::Status AddTask(absl::string_view id, element value, JsonPlace place,
                     TaskFiles* files) {
  ARCTRM_RETURN_IF_ERROR(CheckTaskId(id, place));
  place.task = id;
  ARCTRM_ASSIGN_OR_RETURN(
      const object members,
      ReadObject(value, "an object with \"train\" and \"test\"", place));
  Task task;
  task.id = std::string(id);
  std::vector<Grid> outputs;
  for (const auto field : members) {
    place.list = AbslView(field.key);
    if (place.list == "train") {
      ARCTRM_RETURN_IF_ERROR(ReadDemonstrations(field.value, place, &task));
    } else if (place.list == "test") {
      ARCTRM_RETURN_IF_ERROR(ReadTests(field.value, place, &task, &outputs));
    }
  }
  place.list = {};
  if (task.demonstrations.empty()) return place.Fault("\"train\" is missing");
  if (task.test_inputs.empty()) return place.Fault("\"test\" is missing");
  if (!outputs.empty()) files->solutions[task.id] = std::move(outputs);
  files->challenges.tasks.push_back(std::move(task));
  return absl::OkStatus();
}

// RE-ARC: a list of examples of one task.
absl::Status AddExamples(absl::string_view id, element value, JsonPlace place,
                         TaskFiles* files) {
  ARCTRM_RETURN_IF_ERROR(CheckTaskId(id, place));
  place.task = id;
  place.list = "examples";
  Task task;
  task.id = std::string(id);
  ARCTRM_RETURN_IF_ERROR(ReadDemonstrations(value, place, &task));
  task.test_inputs.push_back(task.demonstrations.back().input);
  files->solutions[task.id] = {task.demonstrations.back().output};
  files->challenges.tasks.push_back(std::move(task));
  return absl::OkStatus();
}

bool LooksLikeOneTask(const object& root) {
  for (const auto field : root) {
    if ((field.key == "train" || field.key == "test") &&
        field.value.is_array()) {
      return true;
    }
  }
  return false;
}

absl::Status AddFile(absl::string_view path, bool in_folder, TaskFiles* files) {
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<JsonDocument> document,
                          LoadJson(path));
  JsonPlace place;
  place.document = document.get();
  const std::string name = Basename(path);
  const absl::string_view id = absl::StripSuffix(name, ".json");
  if (document->root.is_array()) {
    return AddExamples(id, document->root, place, files);
  }
  ARCTRM_ASSIGN_OR_RETURN(
      const object root,
      ReadObject(document->root,
                 "an object of tasks by id, one task with \"train\" and "
                 "\"test\", or a list of pairs",
                 place));
  if (LooksLikeOneTask(root)) {
    return AddTask(id, document->root, place, files);
  }
  if (in_folder) {
    return place.Fault(
        "expected one task with \"train\" and \"test\", or a list of pairs, as "
        "in a folder of task files; a file of many tasks is given by its own "
        "path");
  }
  for (const auto field : root) {
    ARCTRM_RETURN_IF_ERROR(
        AddTask(AbslView(field.key), field.value, place, files));
  }
  if (files->challenges.tasks.empty()) {
    return place.Fault("no tasks; expected at least one task by its id");
  }
  return absl::OkStatus();
}

absl::Status AddFolder(absl::string_view dir, TaskFiles* files) {
  ARCTRM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFiles(dir));
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".json")) continue;
    ARCTRM_RETURN_IF_ERROR(AddFile(JoinPath(dir, name), true, files));
  }
  if (files->challenges.tasks.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        dir, ": no *.json in this folder; expected one file a task"));
  }
  return absl::OkStatus();
}

absl::Status CheckCovers(const SolutionSet& solutions,
                         const ChallengeSet& challenges,
                         const JsonPlace& file) {
  size_t covered = 0;
  for (const Task& task : challenges.tasks) {
    JsonPlace place = file;
    place.task = task.id;
    const auto found = solutions.find(task.id);
    if (found == solutions.end()) {
      return place.Fault(
          "no solution for this task of the challenges; do the two files "
          "belong together?");
    }
    if (found->second.size() != task.test_inputs.size()) {
      return place.Fault(absl::StrCat("expected ", task.test_inputs.size(),
                                      " test outputs, one per test input, "
                                      "found ",
                                      found->second.size()));
    }
    ++covered;
  }
  if (covered == solutions.size()) return absl::OkStatus();
  for (const auto& [id, grids] : solutions) {
    if (challenges.Find(id) != nullptr) continue;
    JsonPlace place = file;
    place.task = id;
    return place.Fault(
        "a solution for a task that the challenges don't hold; do the two "
        "files belong together?");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TaskFiles> ReadTasks(absl::string_view path) {
  TaskFiles files;
  ARCTRM_RETURN_IF_ERROR(IsDirectory(path) ? AddFolder(path, &files)
                                           : AddFile(path, false, &files));
  return files;
}

absl::StatusOr<SolutionSet> ReadSolutions(absl::string_view path,
                                          const ChallengeSet* challenges) {
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<JsonDocument> document,
                          LoadJson(path));
  JsonPlace file;
  file.document = document.get();
  ARCTRM_ASSIGN_OR_RETURN(
      const object root,
      ReadObject(document->root, "an object of test outputs by task id", file));
  SolutionSet solutions;
  for (const auto field : root) {
    JsonPlace place = file;
    ARCTRM_RETURN_IF_ERROR(CheckTaskId(AbslView(field.key), place));
    place.task = AbslView(field.key);
    array outputs;
    if (field.value.get(outputs) != simdjson::SUCCESS) {
      return place.Unexpected("a list of test outputs", field.value);
    }
    std::vector<Grid>& grids = solutions[std::string(field.key)];
    place.list = "solution";
    place.index = 0;
    for (element output : outputs) {
      ARCTRM_ASSIGN_OR_RETURN(Grid grid, ReadGrid(output, place));
      grids.push_back(std::move(grid));
      ++place.index;
    }
    place.index = -1;
    if (grids.empty()) return place.Fault("no test outputs");
  }
  if (solutions.empty()) return file.Fault("no solutions");
  if (challenges != nullptr) {
    ARCTRM_RETURN_IF_ERROR(CheckCovers(solutions, *challenges, file));
  }
  return solutions;
}

absl::StatusOr<Submission> ReadSubmission(absl::string_view path) {
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<JsonDocument> document,
                          LoadJson(path));
  JsonPlace file;
  file.document = document.get();
  ARCTRM_ASSIGN_OR_RETURN(
      const object root,
      ReadObject(document->root, "an object of attempts by task id", file));
  Submission submission;
  for (const auto field : root) {
    JsonPlace place = file;
    ARCTRM_RETURN_IF_ERROR(CheckTaskId(AbslView(field.key), place));
    place.task = AbslView(field.key);
    array entries;
    if (field.value.get(entries) != simdjson::SUCCESS) {
      return place.Unexpected("a list with two attempts per test input",
                              field.value);
    }
    std::vector<Attempts>& attempts = submission[std::string(field.key)];
    place.list = "test";
    place.index = 0;
    for (element entry : entries) {
      place.key = {};
      ARCTRM_ASSIGN_OR_RETURN(
          const object members,
          ReadObject(entry, "an object with \"attempt_1\" and \"attempt_2\"",
                     place));
      Attempts& both = attempts.emplace_back();
      for (const auto member : members) {
        const absl::string_view key = AbslView(member.key);
        if (key != "attempt_1" && key != "attempt_2") {
          return place.Fault(absl::StrCat(
              "expected the keys \"attempt_1\" and \"attempt_2\" alone, found "
              "\"",
              absl::CEscape(key.substr(0, 64)), "\""));
        }
        JsonPlace at = place;
        at.key = key;
        Grid& grid = key == "attempt_1" ? both.attempt_1 : both.attempt_2;
        ARCTRM_ASSIGN_OR_RETURN(grid, ReadGrid(member.value, at));
      }
      if (both.attempt_1.empty())
        return place.Fault("\"attempt_1\" is missing");
      if (both.attempt_2.empty())
        return place.Fault("\"attempt_2\" is missing");
      ++place.index;
    }
  }
  if (submission.empty()) return file.Fault("no tasks");
  return submission;
}

}  // namespace arctrm
