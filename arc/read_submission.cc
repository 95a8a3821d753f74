// SPDX-License-Identifier: MIT
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "arc/internal/fault_list.h"
#include "arc/internal/json_document.h"
#include "arc/internal/json_form.h"
#include "arc/internal/task_folder.h"
#include "arc/internal/task_reader.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr absl::string_view kAttempts[] = {"attempt_1", "attempt_2"};

// The task id in the metadata of answer objects; "" for none.
std::string NotedId(array entries) {
  for (element entry : entries) {
    for (const char* place :
         {"/attempt_1/metadata/task_id", "/attempt_2/metadata/task_id"}) {
      std::string_view id;
      if (entry.at_pointer(place).get(id) == simdjson::SUCCESS) {
        return std::string(id);
      }
    }
  }
  return "";
}

bool IsEmptyList(element value) {
  array items;
  return value.get(items) == simdjson::SUCCESS && items.begin() == items.end();
}

class SubmissionReader {
 public:
  absl::Status ReadFile(const std::string& path) {
    name_.clear();
    return AddFile(path);
  }

  absl::Status ReadFolder(absl::string_view dir) {
    ARCTRM_ASSIGN_OR_RETURN(const TaskFolder folder, FindTaskFiles(dir));
    std::vector<std::string> passed_over = folder.passed_over;
    passed_over.insert(passed_over.end(), folder.faults.begin(),
                       folder.faults.end());
    for (const std::string& name : folder.files) {
      name_ = name;
      const std::string path = JoinPath(dir, name);
      const absl::Status status = AddFile(path);
      if (!status.ok()) {
        passed_over.push_back(
            absl::StrReplaceAll(std::string(status.message()), {{path, name}}));
      }
    }
    if (result_.submission.empty()) {
      return absl::InvalidArgumentError(
          RemarkText({absl::StrCat(dir, ": no file with attempts in it"),
                      std::move(passed_over)},
                     5));
    }
    if (!passed_over.empty()) {
      result_.remarks.push_back(
          {absl::StrCat(dir, ": skipped ", passed_over.size(),
                        passed_over.size() == 1 ? " file" : " files"),
           std::move(passed_over)});
    }
    return absl::OkStatus();
  }

  ReadSubmissionResult& result() { return result_; }

 private:
  // Fails if the file does not tell which task it answers.
  absl::Status AddFile(const std::string& path) {
    ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<JsonFile> file,
                            JsonFile::Open(path));
    stem_ = NameWithoutExtension(path);
    absl::StatusOr<element> root;
    FaultList useless;
    while (file->Next(&root)) {
      line_ = file->line();
      absl::Status status = root.status();
      if (status.ok()) status = AddRoot(*root);
      if (status.ok()) continue;
      const std::string fault = absl::StrCat(Where(""), status.message());
      useless.Add(line_ > 0 ? fault : std::string(status.message()));
      if (line_ > 0) AddFault(fault);
    }
    if (useless.empty() && !has_attempts_) {
      for (const std::string& fault : result_.faults) useless.Add(fault);
    }
    return !has_attempts_ || !file->lines() ? useless.ToStatus(path)
                                            : absl::OkStatus();
  }

  absl::Status AddRoot(element root) {
    ARCTRM_RETURN_IF_ERROR(CheckForm(root, JsonForm::kSubmission));
    array list;
    if (root.get(list) == simdjson::SUCCESS) return AddList(list);
    object members;
    if (root.get(members) != simdjson::SUCCESS) {
      return JsonPlace().Unexpected("an object of attempts by task id", root);
    }
    const std::string id = StatedId(members);
    if (StatedAttempts(members, &list)) return AddEntries(id, list);
    // Lines with one test input each.
    if (!id.empty() && HasAttempt(root)) {
      ARCTRM_RETURN_IF_ERROR(CheckTaskId(id));
      AddEntry(id, root, true, &result_.submission[id]);
      return absl::OkStatus();
    }
    if (!name_.empty() && !LooksLikeMap(members)) {
      return absl::InvalidArgumentError("holds no attempts");
    }
    for (const auto field : members) {
      ARCTRM_RETURN_IF_ERROR(AddTask(AbslView(field.key), field.value));
    }
    return absl::OkStatus();
  }

  static bool LooksLikeMap(object members) {
    for (const auto field : members) {
      if (field.value.is_array()) return true;
    }
    return false;
  }

  // `list` holds one task's attempts, or items as in JSON lines.
  absl::Status AddList(array list) {
    const element first = *list.begin();
    object item;
    if (first.get(item) == simdjson::SUCCESS && !StatedId(item).empty()) {
      for (element value : list) ARCTRM_RETURN_IF_ERROR(AddRoot(value));
      return absl::OkStatus();
    }
    bool has_attempts = false;
    for (element value : list) has_attempts |= HasAttempt(value);
    if (!has_attempts) {
      return absl::InvalidArgumentError(
          "expected an object of attempts by task id, or a list of one task's "
          "attempts, found another list");
    }
    const std::string noted = NotedId(list);
    if (!noted.empty()) return AddEntries(noted, list);
    return AddEntries(line_ > 0 ? absl::StrCat(stem_, ":", line_) : stem_,
                      list);
  }

  // Adds a task and returns its attempts. Adds a fault and returns nullptr for
  // a repeated task.
  absl::StatusOr<std::vector<Attempts>*> Begin(absl::string_view id) {
    ARCTRM_RETURN_IF_ERROR(CheckTaskId(id));
    const auto [it, fresh] =
        result_.submission.emplace(std::string(id), std::vector<Attempts>());
    if (fresh) return &it->second;
    ++result_.repeated;
    AddFault(absl::StrCat(Where(id), "occurs twice; the first one counts"));
    return nullptr;
  }

  absl::Status AddTask(absl::string_view id, element value) {
    array entries;
    if (value.get(entries) == simdjson::SUCCESS) return AddEntries(id, entries);
    ARCTRM_ASSIGN_OR_RETURN(std::vector<Attempts>* const attempts, Begin(id));
    if (attempts == nullptr) return absl::OkStatus();
    AddFault(absl::StrCat(
        Where(id),
        JsonPlace()
            .Unexpected("a list with two attempts per test input", value)
            .message()));
    // Some files omit the list for a task with one test input.
    if (HasAttempt(value)) AddEntry(id, value, false, attempts);
    return absl::OkStatus();
  }

  absl::Status AddEntries(absl::string_view id, array entries) {
    ARCTRM_ASSIGN_OR_RETURN(std::vector<Attempts>* const attempts, Begin(id));
    if (attempts == nullptr) return absl::OkStatus();
    for (element entry : entries) AddEntry(id, entry, false, attempts);
    return absl::OkStatus();
  }

  // Appends the attempts at one test input.
  void AddEntry(absl::string_view id, element entry, bool any_keys,
                std::vector<Attempts>* attempts) {
    JsonPlace place{"test", static_cast<int>(attempts->size())};
    Attempts& both = attempts->emplace_back();
    const absl::StatusOr<object> members = ReadObject(
        entry, "an object with \"attempt_1\" and \"attempt_2\"", place);
    if (!members.ok()) {
      (entry.is_null() ? result_.empty : result_.malformed) += 2;
      return AddFault(absl::StrCat(Where(id), members.status().message()));
    }
    has_attempts_ = has_attempts_ || HasAttempt(entry);
    for (const auto field : *members) {
      const absl::string_view key = AbslView(field.key);
      if (any_keys || key == kAttempts[0] || key == kAttempts[1]) continue;
      AddFault(absl::StrCat(
          Where(id),
          place
              .Fault(absl::StrCat("expected only the keys \"attempt_1\" and "
                                  "\"attempt_2\", found \"",
                                  absl::CEscape(key.substr(0, 64)), "\""))
              .message()));
    }
    for (const absl::string_view key : kAttempts) {
      Grid& grid = key == kAttempts[0] ? both.attempt_1 : both.attempt_2;
      element value;
      if (members->at_key(StdView(key)).get(value) != simdjson::SUCCESS) {
        ++result_.missing;
        AddFault(absl::StrCat(
            Where(id),
            place.Fault(absl::StrCat("\"", key, "\" is missing")).message()));
        continue;
      }
      JsonPlace at = place;
      at.key = key;
      ReadAttempt(id, value, at, &grid);
    }
  }

  void ReadAttempt(absl::string_view id, element value, const JsonPlace& place,
                   Grid* grid) {
    element answer;
    if (value.is_object() &&
        value.at_key("answer").get(answer) == simdjson::SUCCESS) {
      value = answer;
    }
    absl::StatusOr<Grid> strict = ReadGrid(value, place);
    if (strict.ok()) {
      *grid = *std::move(strict);
      return;
    }
    AddFault(absl::StrCat(Where(id), strict.status().message()));
    bool whole_floats = false;
    absl::StatusOr<Grid> lenient = ReadGrid(value, place, &whole_floats);
    if (lenient.ok()) {
      ++result_.whole_floats;
      *grid = *std::move(lenient);
    } else if (value.is_null() || IsEmptyList(value)) {
      ++result_.empty;
    } else {
      ++result_.malformed;
    }
  }

  void AddFault(std::string fault) {
    // Limits the memory for the faults of a bad file.
    constexpr size_t kMost = 100000;
    if (result_.faults.size() < kMost) {
      result_.faults.push_back(std::move(fault));
    }
  }

  std::string Where(absl::string_view id) const {
    return absl::StrCat(name_, name_.empty() ? "" : ": ",
                        line_ > 0 ? absl::StrCat("line ", line_, ": ") : "",
                        id.empty() ? "" : absl::StrCat("task ", id, ": "));
  }

  ReadSubmissionResult result_;
  // Was there any content that only submissions have?
  bool has_attempts_ = false;
  // The current file: its path in the folder, its name without extension.
  std::string name_;
  std::string stem_;
  int line_ = 0;
};

}  // namespace

absl::StatusOr<ReadSubmissionResult> ReadPartialSubmission(
    absl::string_view path) {
  SubmissionReader reader;
  ARCTRM_RETURN_IF_ERROR(IsDirectory(path)
                             ? reader.ReadFolder(path)
                             : reader.ReadFile(std::string(path)));
  return std::move(reader.result());
}

absl::StatusOr<Submission> ReadSubmission(absl::string_view path) {
  ARCTRM_ASSIGN_OR_RETURN(ReadSubmissionResult read,
                          ReadPartialSubmission(path));
  FaultList faults;
  for (const std::string& fault : read.faults) faults.Add(fault);
  ARCTRM_RETURN_IF_ERROR(faults.ToStatus(path));
  return std::move(read.submission);
}

absl::Status CheckSubmissionDocument(absl::string_view path) {
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<JsonFile> file,
                          JsonFile::Open(path));
  absl::StatusOr<element> root;
  int values = 0;
  while (file->lines() && values < 2 && file->Next(&root)) ++values;
  if (values == 2) {
    return absl::InvalidArgumentError(
        "JSON lines, where one JSON object of all tasks is expected: {\"id\": "
        "[{\"attempt_1\": grid, \"attempt_2\": grid}, ...], ...}");
  }
  if (values == 0) file->Next(&root);
  ARCTRM_RETURN_IF_ERROR(root.status());
  // The message about missing tasks is more helpful.
  if (FormOf(*root) == JsonForm::kNothing && root->is_object()) {
    return absl::OkStatus();
  }
  return CheckForm(*root, JsonForm::kSubmission);
}

ArcFileForm LookAtArcFile(absl::string_view path) {
  switch (FormOfPath(path)) {
    case JsonForm::kSolutions:
      return ArcFileForm::kSolutions;
    case JsonForm::kSubmission:
    case JsonForm::kNulls:
      return ArcFileForm::kSubmission;
    default:
      return ArcFileForm::kTasks;
  }
}

}  // namespace arctrm
