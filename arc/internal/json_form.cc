// SPDX-License-Identifier: MIT
#include "arc/internal/json_form.h"

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "arc/internal/json_document.h"
#include "arc/internal/task_folder.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Maximum number of items examined in one list or object.
constexpr int kMostItems = 1000;
// Nesting of objects: sets, tasks by id, a task.
constexpr int kMostDepth = 3;
constexpr const char* kErrorKeys[] = {"message", "error", "errors", "detail"};

bool IsDecided(JsonForm form) { return form != JsonForm::kUnknown; }

// Number of lists around the first number: 2 for a grid, 3 for a list of grids;
// -1 for other values.
int DepthOfNumbers(element value) {
  int depth = 0;
  array items;
  while (value.get(items) == simdjson::SUCCESS) {
    ++depth;
    auto it = items.begin();
    while (it != items.end() && (*it).is_null()) ++it;
    if (it == items.end()) return -1;
    value = *it;
  }
  return value.is_number() ? depth : -1;
}

bool HoldsNullsAlone(element value) {
  array items;
  if (value.get(items) != simdjson::SUCCESS) return value.is_null();
  for (element item : items) {
    if (!item.is_null()) return false;
  }
  return true;
}

JsonForm FormOfObject(object members, int depth);

// The form of the value under a task's id.
JsonForm FormOfEntry(element value, int depth) {
  object members;
  if (value.get(members) == simdjson::SUCCESS) {
    const JsonForm form = FormOfObject(members, depth + 1);
    return form == JsonForm::kTasks || form == JsonForm::kSolutions ||
                   form == JsonForm::kSubmission
               ? form
               : JsonForm::kUnknown;
  }
  array items;
  if (value.get(items) != simdjson::SUCCESS) return JsonForm::kUnknown;
  int looked_at = 0;
  for (element item : items) {
    if (item.get(members) == simdjson::SUCCESS) {
      if (HasAttempt(item)) return JsonForm::kSubmission;
      if (HasKey(members, "input")) return JsonForm::kTasks;
    } else if (item.is_array()) {
      const int lists = DepthOfNumbers(item);
      if (lists == 1 || lists == 2) return JsonForm::kSolutions;
      if (lists == 3) return JsonForm::kSubmission;  // attempts without keys
      for (element inner : array(item)) {
        if (HasAttempt(inner)) return JsonForm::kSubmission;
      }
    }
    if (++looked_at == kMostItems) break;
  }
  return JsonForm::kUnknown;
}

JsonForm FormOfLine(object members) {
  array attempts;
  if (StatedId(members).empty()) return JsonForm::kUnknown;
  if (StatedAttempts(members, &attempts)) return JsonForm::kSubmission;
  if (HasKey(members, "input")) return JsonForm::kTasks;
  for (const char* key : {"solution", "solutions", "outputs"}) {
    if (HasKey(members, key)) return JsonForm::kSolutions;
  }
  return JsonForm::kUnknown;
}

JsonForm FormOfObject(object members, int depth) {
  if (depth > kMostDepth) return JsonForm::kUnknown;
  if (members.begin() == members.end()) return JsonForm::kNothing;
  if (HasList(members, "train") || HasList(members, "test") ||
      HasList(members, "examples")) {
    return JsonForm::kTasks;
  }
  if (HasKey(members, "attempt_1") || HasKey(members, "attempt_2")) {
    return JsonForm::kSubmission;
  }
  const JsonForm line = FormOfLine(members);
  if (IsDecided(line)) return line;
  int looked_at = 0;
  bool all_null = true;
  for (const auto field : members) {
    const JsonForm form = FormOfEntry(field.value, depth);
    if (IsDecided(form)) return form;
    all_null = all_null && HoldsNullsAlone(field.value);
    if (++looked_at == kMostItems) break;
  }
  if (all_null) return JsonForm::kNulls;
  for (const char* key : kErrorKeys) {
    element value;
    if (members.at_key(key).get(value) == simdjson::SUCCESS &&
        value.is_string()) {
      return JsonForm::kServerError;
    }
  }
  return JsonForm::kUnknown;
}

// Describes the expected file and its form.
absl::string_view Wanted(JsonForm form) {
  switch (form) {
    case JsonForm::kSolutions:
      return "solutions are expected here: {\"id\": [grid, ...], ...}";
    case JsonForm::kSubmission:
      return "a submission is expected here: {\"id\": [{\"attempt_1\": grid, "
             "\"attempt_2\": grid}, ...], ...}";
    default:
      return "tasks are expected here: {\"id\": {\"train\": [...], \"test\": "
             "[...]}, ...}";
  }
}

// "message": "Not Found"
std::string ErrorText(element root) {
  object members;
  if (root.get(members) != simdjson::SUCCESS) return "";
  for (const char* key : kErrorKeys) {
    std::string_view text;
    if (members.at_key(key).get(text) == simdjson::SUCCESS) {
      constexpr size_t kShown = 80;
      return absl::StrCat(
          "\"", key, "\": \"",
          absl::Utf8SafeCEscape(AbslView(text).substr(0, kShown)), "\"");
    }
  }
  return "";
}

// Uses the first meaningful line, or the whole document.
JsonForm FormOfFile(absl::string_view path) {
  constexpr int kMostLines = 100;
  const absl::StatusOr<std::unique_ptr<JsonFile>> file = JsonFile::Open(path);
  if (!file.ok()) return JsonForm::kUnknown;
  absl::StatusOr<element> root;
  for (int i = 0; i < kMostLines && (*file)->Next(&root); ++i) {
    const JsonForm form = root.ok() ? FormOf(*root) : JsonForm::kUnknown;
    if (form != JsonForm::kUnknown) return form;
  }
  return JsonForm::kUnknown;
}

// The form of the first file with a known form.
JsonForm FormOfFolder(absl::string_view dir) {
  const absl::StatusOr<TaskFolder> folder = FindTaskFiles(dir);
  if (!folder.ok()) return JsonForm::kUnknown;
  for (const std::string& name : folder->files) {
    const JsonForm form = FormOfFile(JoinPath(dir, name));
    if (form == JsonForm::kTasks || form == JsonForm::kSubmission) return form;
  }
  return JsonForm::kUnknown;
}

}  // namespace

JsonForm FormOfPath(absl::string_view path) {
  return IsDirectory(path) ? FormOfFolder(path) : FormOfFile(path);
}

bool HasKey(object members, absl::string_view key) {
  return members.at_key(StdView(key)).error() == simdjson::SUCCESS;
}

bool HasList(object members, absl::string_view key) {
  element value;
  return members.at_key(StdView(key)).get(value) == simdjson::SUCCESS &&
         value.is_array();
}

bool HasAttempt(element value) {
  object members;
  return value.get(members) == simdjson::SUCCESS &&
         (HasKey(members, "attempt_1") || HasKey(members, "attempt_2"));
}

bool StatedAttempts(object line, array* attempts) {
  if (StatedId(line).empty()) return false;
  for (const char* key : {"attempts", "answers", "predictions"}) {
    if (line.at_key(key).get(*attempts) == simdjson::SUCCESS) return true;
  }
  return false;
}

JsonForm FormOf(element root) {
  object members;
  if (root.get(members) == simdjson::SUCCESS) return FormOfObject(members, 0);
  array items;
  if (root.get(items) != simdjson::SUCCESS) return JsonForm::kUnknown;
  if (items.begin() == items.end()) return JsonForm::kNothing;
  int looked_at = 0;
  for (element item : items) {
    if (item.get(members) != simdjson::SUCCESS) continue;
    if (HasKey(members, "input")) return JsonForm::kTasks;
    const JsonForm form = FormOfEntry(item, 0);
    if (IsDecided(form)) return form;
    if (++looked_at == kMostItems) break;
  }
  return JsonForm::kUnknown;
}

absl::string_view DescribeForm(JsonForm form) {
  switch (form) {
    case JsonForm::kTasks:
      return "tasks (\"train\" and \"test\", or pairs)";
    case JsonForm::kSolutions:
      return "solutions (test outputs by task id)";
    case JsonForm::kSubmission:
      return "a submission (attempts by task id)";
    case JsonForm::kNothing:
    case JsonForm::kNulls:
    case JsonForm::kServerError:
    case JsonForm::kUnknown:
      break;
  }
  return "";
}

absl::Status CheckForm(element root, JsonForm wanted) {
  const JsonForm form = FormOf(root);
  if (form == wanted || form == JsonForm::kUnknown ||
      form == JsonForm::kNulls) {
    return absl::OkStatus();
  }
  if (form == JsonForm::kNothing) {
    return absl::InvalidArgumentError(
        absl::StrCat("no ",
                     wanted == JsonForm::kSolutions    ? "solutions"
                     : wanted == JsonForm::kSubmission ? "attempts"
                                                       : "tasks",
                     ", the file holds only ", root.is_array() ? "[]" : "{}",
                     "; ", Wanted(wanted)));
  }
  if (form == JsonForm::kServerError) {
    return absl::InvalidArgumentError(absl::StrCat(
        "holds an error message (", ErrorText(root),
        "), not the data: the download failed; fetch the raw file again"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("holds ", DescribeForm(form), "; ", Wanted(wanted)));
}

}  // namespace arctrm
