// SPDX-License-Identifier: MIT
// What JSON of an ARC file holds, by a glance: to call a file that was given in
// place of another by its kind.
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

// Looks at the first items that say something, so that null and [] for some
// tasks hide nothing.
JsonForm FormOf(simdjson::dom::element root);

// Of a file, by the first of its lines that says something, or of the first
// file of a folder that holds tasks or attempts. kUnknown for what can't be
// read.
JsonForm FormOfPath(absl::string_view path);

// "a submission (attempts by task id)"; "" for kUnknown.
absl::string_view DescribeForm(JsonForm form);

// InvalidArgument, without the path, where `root` is of a known form other than
// `wanted` (kTasks, kSolutions or kSubmission): "a submission (...), but tasks
// are expected here".
absl::Status CheckForm(simdjson::dom::element root, JsonForm wanted);

// Does the object have a member of that name?
bool HasKey(simdjson::dom::object members, absl::string_view key);
// Is it a list under that name?
bool HasList(simdjson::dom::object members, absl::string_view key);
// An object with "attempt_1" or "attempt_2".
bool HasAttempt(simdjson::dom::element value);
// {"id": "…", "attempts": […]}: a line of a submission.
bool StatedAttempts(simdjson::dom::object line, simdjson::dom::array* attempts);

}  // namespace arctrm
