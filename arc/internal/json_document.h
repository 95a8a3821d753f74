// SPDX-License-Identifier: MIT
// Reads a file of one JSON document or of JSON lines, and describes faults with
// their place.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/grid.h"
#include "simdjson.h"

namespace arctrm {

// Owns the memory that its elements point into.
class JsonFile {
 public:
  // Unpacks gzip and zstd and skips a byte-order mark. NotFound or
  // FailedPrecondition if the file cannot be read, InvalidArgument if it is not
  // text or is blank. Messages contain the path.
  static absl::StatusOr<std::unique_ptr<JsonFile>> Open(absl::string_view path);

  // Does the file hold JSON lines? Yes if the first line is a document and the
  // file has other lines or an extension of JSON lines.
  bool lines() const { return lines_; }

  // Parses the document, or the next line that is not blank. Returns false at
  // the end. `root` is valid until the next call; it is InvalidArgument,
  // without the path, if the text is not JSON.
  bool Next(absl::StatusOr<simdjson::dom::element>* root);
  // The number, from 1, of the line that Next() parsed; 0 for a document.
  int line() const { return lines_ ? line_ : 0; }

 private:
  absl::StatusOr<simdjson::dom::element> Parse(absl::string_view json);
  // Returns the next line that is not blank, "" at the end.
  absl::string_view TakeLine();
  bool LooksLikeLines(absl::string_view path);

  std::string text_;        // followed by the padding that simdjson needs
  absl::string_view rest_;  // the unread part
  bool lines_ = false;
  int line_ = 0;
  simdjson::dom::parser parser_;
};

// A place inside a task or answer. Becomes text only in a message.
struct JsonPlace {
  // "train", "test", "solution", "examples"; "" for the task as a whole.
  absl::string_view list = {};
  int index = -1;
  // "input", "output", "attempt_1" …
  absl::string_view key = {};

  // InvalidArgument "train[2].output row 4: <what>".
  absl::Status Fault(absl::string_view what, int row = -1, int col = -1) const;
  // The same with "expected `expected`, found <element>".
  absl::Status Unexpected(absl::string_view expected,
                          simdjson::dom::element found, int row = -1,
                          int col = -1) const;
};

// Reads 1-30 rows of equal length, each with 1-30 integers from 0 to 9. If
// `whole_floats` is given, accepts 3.0 as 3 and sets it to true.
absl::StatusOr<Grid> ReadGrid(simdjson::dom::element rows,
                              const JsonPlace& place,
                              bool* whole_floats = nullptr);

// The members of `element`. Refuses duplicate keys.
absl::StatusOr<simdjson::dom::object> ReadObject(simdjson::dom::element element,
                                                 absl::string_view expected,
                                                 const JsonPlace& place);

// Task ids have 1 to 256 bytes of UTF-8 without control characters and without
// "|||", which separates the parts of augmented names.
absl::Status CheckTaskId(absl::string_view id);

// The value of "id", "task_id" or "name" (a text or an integer) of a line or
// list item, without the extension ".json"; "" for none.
std::string StatedId(simdjson::dom::object item);

// The name of a file without the extension ".json", ".jsonl" or ".ndjson" and
// ".gz" or ".zst", in upper or lower case.
std::string NameWithoutExtension(absl::string_view path);
// Is a file of this name read from a folder? Yes if it has such an extension
// and does not begin with a dot.
bool IsTaskFileName(absl::string_view name);

}  // namespace arctrm
