// SPDX-License-Identifier: MIT
// A JSON file, parsed, and faults in it with their place.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/grid.h"
#include "simdjson.h"

namespace arctrm {

// Owns what its elements point into.
struct JsonDocument {
  std::string path;
  std::string text;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
};

// NotFound or FailedPrecondition when the file can't be read, InvalidArgument
// with line and column when it is not JSON. A byte-order mark is skipped.
absl::StatusOr<std::unique_ptr<JsonDocument>> LoadJson(absl::string_view path);

// Where in a file of tasks something stands. Text is made only for a message.
struct JsonPlace {
  const JsonDocument* document = nullptr;
  // "" before any task is known.
  absl::string_view task = {};
  // "train", "test", "solution", "attempts" …; "" for the task as a whole.
  absl::string_view list = {};
  int index = -1;
  // "input", "output", "attempt_1" …
  absl::string_view key = {};

  // InvalidArgument "<path>: task <id>: train[2].output row 4: <what>".
  absl::Status Fault(absl::string_view what, int row = -1, int col = -1) const;
  // The same with "expected `expected`, found <element>".
  absl::Status Unexpected(absl::string_view expected,
                          simdjson::dom::element found, int row = -1,
                          int col = -1) const;
};

// 1-30 rows of 1-30 integers 0-9, all of one length.
absl::StatusOr<Grid> ReadGrid(simdjson::dom::element rows,
                              const JsonPlace& place);

// The members of `element`, each key once.
absl::StatusOr<simdjson::dom::object> ReadObject(simdjson::dom::element element,
                                                 absl::string_view expected,
                                                 const JsonPlace& place);

// Task ids (keys or file names): 1 to 256 bytes of UTF-8 without control
// characters and without "|||", which divides augmented names.
absl::Status CheckTaskId(absl::string_view id, const JsonPlace& place);

}  // namespace arctrm
