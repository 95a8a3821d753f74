// SPDX-License-Identifier: MIT
// Turns exceptions of libraries and of allocations into Status at the border of
// a library.
#pragma once

#include <exception>
#include <functional>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// OutOfMemoryError() for std::bad_alloc and std::length_error, Internal for all
// others. `doing` begins the message.
absl::Status StatusOfException(const std::exception_ptr& error,
                               absl::string_view doing);

// Calls fn(), which returns a Status or a StatusOr. Exceptions become a Status.
template <typename Fn>
std::invoke_result_t<Fn> CatchExceptions(absl::string_view doing, Fn&& fn) {
  try {
    return fn();
  } catch (...) {
    return StatusOfException(std::current_exception(), doing);
  }
}

// From now on an uncaught exception ends the process with one line on standard
// error and exit code 1, without a core dump.
void EndOnUncaught();

}  // namespace arctrm
