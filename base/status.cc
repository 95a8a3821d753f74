// SPDX-License-Identifier: MIT
#include "base/status.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace arctrm {

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(),
                         absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    annotated.SetPayload(type, payload);
  });
  return annotated;
}

namespace {

// A remedy, if the text of the error does not suggest it.
const char* WhatToDo(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "; check its permissions and those of the folders above it, or "
             "name another place";
    case EROFS:
      return "; name a place on another disk";
    case ENAMETOOLONG:
      return "; choose a shorter name";
    case ELOOP:
      return "; a symbolic link there leads to itself, correct it";
    case EMFILE:
    case ENFILE:
      return "; allow more (`ulimit -n`), or end programs that hold files open";
    default:
      return "";
  }
}

}  // namespace

absl::Status ErrnoStatus(int error, absl::string_view what,
                         absl::string_view path) {
  const std::string message = absl::StrCat(
      what, " ", path, ": ", std::strerror(error), WhatToDo(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(message);
  }
  return absl::FailedPreconditionError(message);
}

namespace internal {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "arctrm: bug at %s:%d: %s does not hold\n", file, line,
               condition);
  std::abort();
}

}  // namespace internal
}  // namespace arctrm
