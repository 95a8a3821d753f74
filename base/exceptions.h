// SPDX-License-Identifier: MIT
// Exceptions of libraries and of memory that ran out, where they have to end.
#pragma once

#include <exception>
#include <functional>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// What `error` says: OutOfMemoryError() for std::bad_alloc and
// std::length_error, Internal for all others.
absl::Status StatusOfException(const std::exception_ptr& error,
                               absl::string_view doing);

// fn(), which returns a Status or a StatusOr; what it throws becomes one.
template <typename Fn>
std::invoke_result_t<Fn> CatchExceptions(absl::string_view doing, Fn&& fn) {
  try {
    return fn();
  } catch (...) {
    return StatusOfException(std::current_exception(), doing);
  }
}

// From now on an exception that nobody catches ends the process with one line
// on standard error and exit code 1, without a core dump.
void EndOnUncaught();

}  // namespace arctrm
