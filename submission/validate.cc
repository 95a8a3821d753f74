// SPDX-License-Identifier: MIT
#include "submission/validate.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "base/file_kind.h"
#include "base/files.h"
#include "base/status.h"
#include "simdjson.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

// Submissions need a depth of 5; more lets faults in deeper nesting be reported
// with their place. The same limit as in the reader.
constexpr size_t kMaxDepth = 17;
// Limits the memory for the faults of a bad file.
constexpr size_t kMaxListed = 100000;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// A key or text shortened for a message.
std::string Shown(std::string_view text) {
  constexpr size_t kMaxBytes = 64;
  if (text.size() <= kMaxBytes) return absl::Utf8SafeCEscape(AbslView(text));
  return absl::StrCat(
      absl::Utf8SafeCEscape(AbslView(text.substr(0, kMaxBytes))), "...");
}

std::string Found(element value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return absl::StrCat("the text \"", Shown(std::string_view(value)), "\"");
    case element_type::BOOL:
      return bool(value) ? "true" : "false";
    case element_type::NULL_VALUE:
      return "null";
    case element_type::DOUBLE: {
      // Keeps the ".0" of 1.0, since "1" would look valid.
      const double number = double(value);
      std::string text = absl::StrCat(number);
      if (text.find_first_of(".en") == std::string::npos) text += ".0";
      return text;
    }
    case element_type::INT64:
      return absl::StrCat(int64_t(value));
    case element_type::UINT64:
      return absl::StrCat(uint64_t(value));
  }
  return "something else";
}

class Validator {
 public:
  explicit Validator(const ChallengeSet& challenges) : challenges_(challenges) {
    for (const Task& task : challenges.tasks) tasks_[task.id] = &task;
  }

  void Add(absl::string_view place, absl::string_view what) {
    if (faults_.size() < kMaxListed) {
      faults_.push_back(place.empty() ? std::string(what)
                                      : absl::StrCat(place, ": ", what));
    } else {
      ++unlisted_;
    }
  }

  void CheckRoot(element root) {
    object members;
    if (root.get(members) != simdjson::SUCCESS) {
      return Add("", absl::StrCat("expected an object of task ids, found ",
                                  Found(root)));
    }
    std::set<std::string_view> seen;
    for (const auto field : members) {
      if (!seen.insert(field.key).second) {
        Add(Shown(field.key), "this task id occurs twice");
      }
      const auto task = tasks_.find(field.key);
      if (task == tasks_.end()) {
        Add(Shown(field.key), "no such task in the challenges");
      }
      CheckTask(Shown(field.key), field.value,
                task == tasks_.end() ? nullptr : task->second);
    }
    for (const Task& task : challenges_.tasks) {
      if (seen.count(task.id) == 0) {
        Add(Shown(task.id),
            "missing: this task of the challenges is not in the submission");
      }
    }
  }

  std::vector<std::string> Take() {
    if (unlisted_ > 0) {
      faults_.push_back(absl::StrCat(unlisted_, " more faults not listed"));
    }
    return std::move(faults_);
  }

 private:
  // `task` is null for an unknown id; then only the form is checked.
  void CheckTask(const std::string& id, element value, const Task* task) {
    array entries;
    if (value.get(entries) != simdjson::SUCCESS) {
      return Add(
          id,
          absl::StrCat("expected a list with one entry per test input, found ",
                       Found(value)));
    }
    // simdjson's size() saturates at 2^24 - 1.
    size_t count = 0;
    for (element entry : entries) {
      CheckEntry(absl::StrCat(id, "[", count, "]"), entry);
      ++count;
    }
    if (task != nullptr && count != task->test_inputs.size()) {
      Add(id,
          absl::StrCat("expected ", task->test_inputs.size(),
                       task->test_inputs.size() == 1 ? " entry" : " entries",
                       ", one per test input, found ", count));
    }
  }

  void CheckEntry(const std::string& place, element value) {
    object members;
    if (value.get(members) != simdjson::SUCCESS) {
      return Add(place, absl::StrCat("expected an object with \"attempt_1\" "
                                     "and \"attempt_2\", found ",
                                     Found(value)));
    }
    std::set<std::string_view> seen;
    for (const auto field : members) {
      const std::string at = absl::StrCat(place, ".", Shown(field.key));
      if (!seen.insert(field.key).second) Add(at, "this key occurs twice");
      if (field.key == "attempt_1" || field.key == "attempt_2") {
        CheckGrid(at, field.value);
      } else {
        Add(at, "only \"attempt_1\" and \"attempt_2\" are allowed here");
      }
    }
    for (std::string_view key : {"attempt_1", "attempt_2"}) {
      if (seen.count(key) == 0) {
        Add(absl::StrCat(place, ".", AbslView(key)), "missing");
      }
    }
  }

  void CheckGrid(const std::string& place, element value) {
    array rows;
    if (value.get(rows) != simdjson::SUCCESS) {
      return Add(place,
                 absl::StrCat("expected a list of rows, found ", Found(value)));
    }
    size_t num_rows = 0;
    size_t first_cells = 0;
    bool first_is_row = false;
    for (element row : rows) {
      array cells;
      const bool is_row = row.get(cells) == simdjson::SUCCESS;
      if (num_rows == 0) first_is_row = is_row;
      if (num_rows < kMaxSide) {
        const std::string at = absl::StrCat(place, ": row ", num_rows);
        if (is_row) {
          const size_t num_cells = CheckRow(at, cells);
          if (num_rows == 0) first_cells = num_cells;
          if (first_is_row && num_cells != first_cells) {
            Add(place, absl::StrCat("row ", num_rows, " has ", num_cells,
                                    num_cells == 1 ? " cell" : " cells",
                                    ", but row 0 has ", first_cells));
          }
        } else {
          Add(at,
              absl::StrCat("expected a list of integers, found ", Found(row)));
        }
      }
      ++num_rows;
    }
    if (num_rows < 1 || num_rows > kMaxSide) {
      Add(place,
          absl::StrCat("expected 1 to ", kMaxSide, " rows, found ", num_rows));
    }
  }

  // Returns the number of cells. Cells after the thirtieth are only counted.
  size_t CheckRow(const std::string& place, array cells) {
    size_t count = 0;
    for (element cell : cells) {
      if (count < kMaxSide && !IsColor(cell)) {
        Add(absl::StrCat(place, ", column ", count),
            absl::StrCat("expected an integer from 0 to 9, found ",
                         Found(cell)));
      }
      ++count;
    }
    if (count < 1 || count > kMaxSide) {
      Add(place,
          absl::StrCat("expected 1 to ", kMaxSide, " cells, found ", count));
    }
    return count;
  }

  static bool IsColor(element cell) {
    // get<uint64_t> would also accept 3.0.
    return cell.type() == element_type::INT64 && int64_t(cell) >= 0 &&
           int64_t(cell) < kNumColors;
  }

  const ChallengeSet& challenges_;
  std::map<std::string_view, const Task*> tasks_;
  std::vector<std::string> faults_;
  size_t unlisted_ = 0;
};

// The fault of a file that is not one JSON document. The reader's message is
// better than the parser's.
std::string DocumentFault(absl::string_view path) {
  const absl::Status status = CheckSubmissionDocument(path);
  std::string message(status.message());
  const std::string prefix = absl::StrCat(path, ": ");
  return absl::StartsWith(message, prefix) ? message.substr(prefix.size())
                                           : message;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ValidateSubmission(
    absl::string_view path, const ChallengeSet& challenges) {
  ARCTRM_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  Validator validator(challenges);
  const FileKind kind = FileKindOf(text);
  if (kind != FileKind::kUnknown && kind != FileKind::kEmpty) {
    validator.Add("", DescribeFileKind(kind, text));
    return validator.Take();
  }
  if (absl::StartsWith(text, kByteOrderMark)) {
    validator.Add("byte 0",
                  "a byte-order mark, which JSON does not allow; save the file "
                  "as UTF-8 without it");
    text.erase(0, kByteOrderMark.size());
  }
  // simdjson reads past the end.
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  simdjson::dom::parser parser;
  simdjson::error_code error = parser.allocate(text.size(), kMaxDepth);
  element root;
  if (error == simdjson::SUCCESS) {
    error = parser
                .parse(reinterpret_cast<const uint8_t*>(text.data()),
                       text.size(), false)
                .get(root);
  }
  if (error == simdjson::SUCCESS) {
    validator.CheckRoot(root);
    return validator.Take();
  }
  const std::string fault = DocumentFault(path);
  validator.Add("", fault.empty() ? absl::StrCat("not JSON: ",
                                                 simdjson::error_message(error))
                                  : fault);
  return validator.Take();
}

}  // namespace arctrm
