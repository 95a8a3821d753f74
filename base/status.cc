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

// What a person can do about it, where the error's own words don't say.
const char* WhatToDo(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "; look at the permissions of it and of the folders above it, or "
             "name another place";
    case EROFS:
      return "; nothing can be written on that disk, name another place";
    case ENAMETOOLONG:
      return "; choose a shorter name";
    case ELOOP:
      return "; a symbolic link there leads to itself, mend it";
    case EMFILE:
    case ENFILE:
      return "; allow more (`ulimit -n`), or end what holds files open";
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
