// SPDX-License-Identifier: MIT
// Helpers for absl::Status. Functions that handle files, JSON, options or
// devices return Status or StatusOr. ARCTRM_CHECK is only for bugs of this
// program, never for input.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Debian's Abseil has its own string_view; these two functions convert.
inline absl::string_view AbslView(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view StdView(absl::string_view text) {
  return {text.data(), text.size()};
}

// Puts "`context`: " before the message of `status`.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

// The status of a failed system call: "`what` `path`: <strerror>", with a
// remedy for permissions, links, names and open files.
// ENOENT becomes NotFound; ENOSPC, EDQUOT and EFBIG (no room for more of this
// file) ResourceExhausted; the rest FailedPrecondition.
absl::Status ErrnoStatus(int error, absl::string_view what,
                         absl::string_view path);

namespace internal {
[[noreturn]] void CheckFailed(const char* file, int line,
                              const char* condition);
}  // namespace internal

}  // namespace arctrm

#define ARCTRM_CONCAT_INNER_(a, b) a##b
#define ARCTRM_CONCAT_(a, b) ARCTRM_CONCAT_INNER_(a, b)

#define ARCTRM_RETURN_IF_ERROR(expr)                 \
  do {                                               \
    ::absl::Status arctrm_status_ = (expr);          \
    if (!arctrm_status_.ok()) return arctrm_status_; \
  } while (false)

#define ARCTRM_ASSIGN_OR_RETURN(lhs, expr)                                  \
  ARCTRM_ASSIGN_OR_RETURN_IMPL_(ARCTRM_CONCAT_(arctrm_statusor_, __LINE__), \
                                lhs, expr)
#define ARCTRM_ASSIGN_OR_RETURN_IMPL_(var, lhs, expr) \
  auto var = (expr);                                  \
  if (!var.ok()) return std::move(var).status();      \
  lhs = *std::move(var)

#define ARCTRM_CHECK(condition)                                        \
  do {                                                                 \
    if (!(condition)) {                                                \
      ::arctrm::internal::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                                  \
  } while (false)
