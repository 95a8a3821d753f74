// SPDX-License-Identifier: MIT
#include "arc/read.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/internal/fault_list.h"
#include "arc/internal/json_document.h"
#include "arc/internal/json_form.h"
#include "arc/internal/task_folder.h"
#include "arc/internal/task_reader.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Splits "FILE#SET" if FILE exists and no file has the whole name.
void SplitSet(absl::string_view* path, absl::string_view* set) {
  const size_t mark = path->rfind('#');
  if (mark == absl::string_view::npos || FileExists(*path) ||
      !FileExists(path->substr(0, mark))) {
    return;
  }
  *set = path->substr(mark + 1);
  *path = path->substr(0, mark);
}

absl::StatusOr<TaskFiles> ReadFolder(absl::string_view dir,
                                     ReadTasksOptions options) {
  ARCTRM_ASSIGN_OR_RETURN(TaskFolder folder, FindTaskFiles(dir));
  const auto results = std::stable_partition(
      folder.files.begin(), folder.files.end(),
      [&](const std::string& name) { return !IsResult(JoinPath(dir, name)); });
  for (auto it = results; it != folder.files.end(); ++it) {
    folder.passed_over.push_back(absl::StrCat(*it, " (a submission)"));
  }
  folder.files.erase(results, folder.files.end());
  TaskReader reader(options);
  for (const std::string& fault : folder.faults) reader.AddFault(fault);
  for (const std::string& name : folder.files) {
    ARCTRM_RETURN_IF_ERROR(reader.AddFile(JoinPath(dir, name), name, ""));
  }
  Remark passed_over{
      absl::StrCat(dir, ": skipped ", folder.passed_over.size(),
                   folder.passed_over.size() == 1 ? " file" : " files",
                   " (*.json, *.jsonl and *.ndjson are read)"),
      folder.passed_over, false};
  if (folder.files.empty() && folder.faults.empty()) {
    constexpr size_t kListed = 5;
    return absl::InvalidArgumentError(absl::StrCat(
        dir,
        ": no *.json in this folder or below it; expected one file per task",
        folder.passed_over.empty() ? "" : ". It holds ",
        RemarkText({"", folder.passed_over}, kListed)
            .substr(folder.passed_over.empty() ? 0 : 2)));
  }
  ARCTRM_ASSIGN_OR_RETURN(TaskFiles files, reader.Finish(dir));
  if (!folder.passed_over.empty()) {
    files.remarks.push_back(std::move(passed_over));
  }
  if (folder.hidden > 0) {
    files.remarks.push_back(
        {absl::StrCat(
             dir, ": skipped ", folder.hidden,
             folder.hidden == 1 ? " name that begins" : " names that begin",
             " with a dot"),
         {},
         false});
  }
  return files;
}

class SolutionReader {
 public:
  // If `unknown` is given, a null output becomes an empty grid.
  explicit SolutionReader(std::vector<std::string>* unknown = nullptr)
      : unknown_(unknown) {}

  // Faults in the content are collected in faults().
  absl::Status Read(absl::string_view path) {
    if (FormOfPath(TaskFilePath(path)) == JsonForm::kTasks) {
      return ReadOutputs(path);
    }
    ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<JsonFile> file,
                            JsonFile::Open(path));
    absl::StatusOr<element> root;
    while (file->Next(&root)) {
      where_ =
          file->line() > 0 ? absl::StrCat("line ", file->line(), ": ") : "";
      if (!root.ok()) {
        Add("", root.status());
        continue;
      }
      const absl::Status form = CheckForm(*root, JsonForm::kSolutions);
      if (!form.ok()) {
        Add("", form);
        continue;
      }
      object members;
      if (root->get(members) != simdjson::SUCCESS) {
        Add("", JsonPlace().Unexpected("an object of test outputs by task id",
                                       *root));
      } else if (!file->lines() || !AddLine(members)) {
        for (const auto field : members) {
          AddTask(AbslView(field.key), field.value);
        }
      }
    }
    if (result_.solutions.empty() && faults_.empty()) {
      faults_.Add(unknown_ == nullptr || unknown_->empty()
                      ? "no solutions"
                      : "no solutions: no test output is known");
    }
    return absl::OkStatus();
  }

  // Faults other than those of single tasks.
  const FaultList& faults() const { return faults_; }
  bool useless() const {
    return result_.solutions.empty() && result_.unusable.empty();
  }
  UsableSolutions& result() { return result_; }

 private:
  // Takes the test outputs of a file of tasks.
  absl::Status ReadOutputs(absl::string_view path) {
    ARCTRM_ASSIGN_OR_RETURN(TaskFiles files, ReadTasks(path));
    if (files.solutions.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path,
                       ": none of its tasks holds a test output, but solutions "
                       "are expected here"));
    }
    result_.solutions = std::move(files.solutions);
    for (const Task& task : files.challenges.tasks) {
      if (result_.solutions.count(task.id) > 0) continue;
      if (unknown_ != nullptr) {
        unknown_->push_back(task.id);
      } else {
        Add(task.id, absl::InvalidArgumentError("holds no test output"));
      }
    }
    return absl::OkStatus();
  }

  void Add(absl::string_view id, const absl::Status& status) {
    if (!id.empty()) {
      result_.unusable.emplace(std::string(id), std::string(status.message()));
    }
    faults_.Add(absl::StrCat(where_,
                             id.empty() ? "" : absl::StrCat("task ", id, ": "),
                             status.message()));
  }

  // Reads {"id": "…", "solution": [grid, …] or one grid}; false for other
  // forms.
  bool AddLine(object line) {
    const std::string id = StatedId(line);
    if (id.empty()) return false;
    for (const char* key : {"solution", "solutions", "outputs"}) {
      element value;
      if (line.at_key(key).get(value) == simdjson::SUCCESS) {
        AddTask(id, value);
        return true;
      }
    }
    return false;
  }

  static bool IsGrid(element value) {
    const auto cell = value.at_pointer("/0/0");
    return cell.error() == simdjson::SUCCESS && !cell.is_array();
  }

  void AddTask(absl::string_view id, element value) {
    const absl::Status named = CheckTaskId(id);
    if (!named.ok()) return Add("", named);
    array outputs;
    if (value.is_null() && unknown_ != nullptr) {
      unknown_->push_back(std::string(id));
      return;
    }
    if (value.get(outputs) != simdjson::SUCCESS) {
      return Add(id, JsonPlace().Unexpected("a list of test outputs", value));
    }
    std::vector<Grid> grids;
    JsonPlace place{"solution"};
    bool usable = true;
    const auto read = [&](element output) {
      if (output.is_null() && unknown_ != nullptr) {
        unknown_->push_back(absl::StrCat(id, "[", grids.size(), "]"));
        grids.emplace_back();
        return;
      }
      absl::StatusOr<Grid> grid = ReadGrid(output, place);
      if (!grid.ok()) {
        Add(id, grid.status());
        usable = false;
      } else {
        grids.push_back(*std::move(grid));
      }
    };
    if (!where_.empty() && IsGrid(value)) {
      read(value);
    } else {
      place.index = 0;
      for (element output : outputs) {
        read(output);
        ++place.index;
      }
    }
    place.index = -1;
    if (usable && grids.empty()) {
      return Add(id, place.Fault("no test outputs"));
    }
    if (!usable) return;
    if (!result_.solutions.emplace(std::string(id), std::move(grids)).second) {
      Add(id, place.Fault("occurs twice"));
    }
  }

  FaultList faults_;
  UsableSolutions result_;
  std::vector<std::string>* const unknown_;
  // "line 7: " in JSON lines.
  std::string where_;
};

// Adds empty grids for tasks without any known output.
void FillUnknown(const ChallengeSet& challenges,
                 const std::vector<std::string>& unknown,
                 UsableSolutions& usable) {
  const std::set<absl::string_view> ids(unknown.begin(), unknown.end());
  for (const Task& task : challenges.tasks) {
    if (ids.count(task.id) > 0) {
      usable.solutions[task.id].resize(task.test_inputs.size());
    }
  }
}

// Checks that each task has one solution per test input or is listed as
// unusable, and that each solution belongs to a task or an omitted task.
void CheckCovers(const UsableSolutions& usable, const TaskFiles& tasks,
                 FaultList* faults) {
  const SolutionSet& solutions = usable.solutions;
  std::set<absl::string_view> known(tasks.left_out.begin(),
                                    tasks.left_out.end());
  for (const Task& task : tasks.challenges.tasks) {
    known.insert(task.id);
    if (usable.unusable.count(task.id) > 0) continue;
    const auto found = solutions.find(task.id);
    if (found == solutions.end()) {
      faults->Add(absl::StrCat(
          "task ", task.id,
          ": no solution for this task of the challenges; do the two files "
          "belong together?"));
    } else if (found->second.size() != task.test_inputs.size()) {
      faults->Add(absl::StrCat(
          "task ", task.id, ": expected ", task.test_inputs.size(),
          " test outputs, one per test input, found ", found->second.size()));
    }
  }
  for (const auto& [id, grids] : solutions) {
    if (known.count(id) > 0) continue;
    faults->Add(absl::StrCat("task ", id,
                             ": a solution for a task that is not in the "
                             "challenges; do the two files belong together?"));
  }
}

}  // namespace

bool IsPassedOver(const std::string& path) {
  const std::string name = Basename(path);
  if (absl::StartsWith(name, ".") || IsResult(path)) return true;
  std::error_code error;
  return IsDirectory(path) ? std::filesystem::is_empty(path, error)
                           : !IsTaskFileName(name);
}

absl::StatusOr<TaskFiles> ReadTasks(absl::string_view path,
                                    ReadTasksOptions options) {
  if (IsDirectory(path)) return ReadFolder(path, options);
  absl::string_view file = path;
  absl::string_view set;
  SplitSet(&file, &set);
  TaskReader reader(options);
  ARCTRM_RETURN_IF_ERROR(reader.AddFile(std::string(file), "", set));
  return reader.Finish(path);
}

std::string TaskFilePath(absl::string_view path) {
  absl::string_view set;
  SplitSet(&path, &set);
  return std::string(path);
}

absl::StatusOr<SolutionSet> ReadSolutions(absl::string_view path,
                                          const ChallengeSet* challenges,
                                          std::vector<std::string>* unknown) {
  SolutionReader reader(unknown);
  ARCTRM_RETURN_IF_ERROR(reader.Read(path));
  FaultList faults = reader.faults();
  if (faults.empty() && challenges != nullptr) {
    TaskFiles tasks;
    tasks.challenges = *challenges;
    if (unknown != nullptr) FillUnknown(*challenges, *unknown, reader.result());
    CheckCovers(reader.result(), tasks, &faults);
  }
  ARCTRM_RETURN_IF_ERROR(faults.ToStatus(path));
  return std::move(reader.result().solutions);
}

absl::StatusOr<UsableSolutions> ReadUsableSolutions(absl::string_view path,
                                                    const TaskFiles& tasks) {
  SolutionReader reader;
  ARCTRM_RETURN_IF_ERROR(reader.Read(path));
  if (reader.useless()) return reader.faults().ToStatus(path);
  for (const std::string& id : tasks.shared_ids) {
    reader.result().unusable.emplace(
        id,
        "several tasks have this id, so the owner of the solution is unknown");
  }
  FaultList faults;
  CheckCovers(reader.result(), tasks, &faults);
  ARCTRM_RETURN_IF_ERROR(faults.ToStatus(path));
  return std::move(reader.result());
}

}  // namespace arctrm
