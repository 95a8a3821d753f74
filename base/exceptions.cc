// SPDX-License-Identifier: MIT
#include "base/exceptions.h"

#include <unistd.h>

#include <cstdio>
#include <new>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "base/out_of_memory.h"
#include "base/printable.h"

namespace arctrm {
namespace {

// The text may hold file names and other input, so it must be made printable.
void TellWhat(const std::exception& error) {
  try {
    std::fprintf(stderr, "error: %s\n", Printable(error.what()).c_str());
  } catch (...) {
    std::fputs("error: internal error\n", stderr);
  }
}

}  // namespace

absl::Status StatusOfException(const std::exception_ptr& error,
                               absl::string_view doing) {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return OutOfMemoryError(absl::StrCat(doing,
                                         ": memory ran out; give this process "
                                         "more memory, or less work at once"));
  } catch (const std::length_error&) {
    return OutOfMemoryError(
        absl::StrCat(doing, ": the data is larger than any memory"));
  } catch (const std::exception& e) {
    return absl::InternalError(
        absl::StrCat(doing, ": internal error: ", e.what()));
  } catch (...) {
    return absl::InternalError(
        absl::StrCat(doing, ": internal error of an unknown kind"));
  }
}

void EndOnUncaught() {
  std::set_terminate([] {
    const std::exception_ptr error = std::current_exception();
    try {
      if (error != nullptr) std::rethrow_exception(error);
      std::fputs("error: internal error\n", stderr);
    } catch (const std::bad_alloc&) {
      std::fputs("error: memory ran out\n", stderr);
    } catch (const std::exception& e) {
      TellWhat(e);
    } catch (...) {
      std::fputs("error: internal error\n", stderr);
    }
    _exit(1);
  });
}

}  // namespace arctrm
