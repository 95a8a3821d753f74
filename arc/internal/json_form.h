// SPDX-License-Identifier: MIT
// Recognises the kind of an ARC file quickly, so that a message can name a file
// that was given in place of another.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "simdjson.h"

namespace arctrm {

enum class JsonForm {
  kUnknown,
  kNothing,      // {} or []
  kNulls,        // null and [] for every task
  kServerError,  // {"message": "Not Found"}
  kTasks,
  kSolutions,
  kSubmission,
};

// Looks at the first items that are neither null nor [].
JsonForm FormOf(simdjson::dom::element root);

// The form of a file, by its first meaningful line, or of the first file in a
// folder that holds tasks or attempts. kUnknown if nothing can be read.
JsonForm FormOfPath(absl::string_view path);

// "a submission (attempts by task id)"; "" for kUnknown.
absl::string_view DescribeForm(JsonForm form);

// InvalidArgument, without the path, if `root` has a known form other than
// `wanted` (kTasks, kSolutions or kSubmission): "a submission (...), but tasks
// are expected here".
absl::Status CheckForm(simdjson::dom::element root, JsonForm wanted);

// Does the object have a member `key`?
bool HasKey(simdjson::dom::object members, absl::string_view key);
// Does the object have a list as member `key`?
bool HasList(simdjson::dom::object members, absl::string_view key);
// Is it an object with "attempt_1" or "attempt_2"?
bool HasAttempt(simdjson::dom::element value);
// Is it a line of a submission, {"id": "…", "attempts": […]}?
bool StatedAttempts(simdjson::dom::object line, simdjson::dom::array* attempts);

}  // namespace arctrm
