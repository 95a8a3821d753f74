// SPDX-License-Identifier: MIT
// A file of one JSON document or of JSON lines, and faults in it with their
// place.
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

// Owns what its elements point into.
class JsonFile {
 public:
  // Unpacks gzip and zstd and skips a byte-order mark. NotFound or
  // FailedPrecondition when the file can't be read, InvalidArgument when it is
  // not text or holds nothing; messages hold the path.
  static absl::StatusOr<std::unique_ptr<JsonFile>> Open(absl::string_view path);

  // JSON lines: a first line that is a document by itself, and more behind it
  // or a name that says so. Otherwise the file is one document.
  bool lines() const { return lines_; }

  // Parses the document, or the next line of JSON lines that is not blank.
  // False at the end. `root` is valid until the next call; it gets
  // InvalidArgument, without the path, where the text is not JSON.
  bool Next(absl::StatusOr<simdjson::dom::element>* root);
  // The number of the line that Next() parsed, from 1; 0 for a document.
  int line() const { return lines_ ? line_ : 0; }

 private:
  absl::StatusOr<simdjson::dom::element> Parse(absl::string_view json);
  // The next line that is not blank, "" at the end.
  absl::string_view TakeLine();
  bool LooksLikeLines(absl::string_view path);

  std::string text_;        // with the padding that simdjson needs behind it
  absl::string_view rest_;  // the part that has not been read yet
  bool lines_ = false;
  int line_ = 0;
  simdjson::dom::parser parser_;
};

// Where inside a task or answer something stands. Text is made only for a
// message.
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

// 1-30 rows of 1-30 integers 0-9, all of one length. With `whole_floats`, 3.0
// counts as 3 and sets it.
absl::StatusOr<Grid> ReadGrid(simdjson::dom::element rows,
                              const JsonPlace& place,
                              bool* whole_floats = nullptr);

// The members of `element`, each key once.
absl::StatusOr<simdjson::dom::object> ReadObject(simdjson::dom::element element,
                                                 absl::string_view expected,
                                                 const JsonPlace& place);

// Task ids (keys or file names): 1 to 256 bytes of UTF-8 without control
// characters and without "|||", which divides augmented names.
absl::Status CheckTaskId(absl::string_view id);

// The id that a line or list item says it has ("id", "task_id" or "name", a
// text or an integer), without ".json" behind it; "" for none.
std::string StatedId(simdjson::dom::object item);

// The name of a file without ".json", ".jsonl" or ".ndjson" and ".gz" or ".zst"
// behind it, in capitals or not.
std::string NameWithoutExtension(absl::string_view path);
// Is a file of that name read from a folder: does it have such an extension,
// and no dot in front?
bool IsTaskFileName(absl::string_view name);

}  // namespace arctrm
