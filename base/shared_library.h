// SPDX-License-Identifier: MIT
// Libraries that the program loads if the machine has them.
#pragma once

#include <cstring>
#include <string>

#include "absl/status/statusor.h"

namespace arctrm {

// A loaded library. It stays loaded until the process ends.
class SharedLibrary {
 public:
  // Loads a file, or a name such as "libcuda.so.1" as the dynamic linker finds
  // it. `global`: later libraries may use its symbols. NotFound with the
  // linker's reason.
  static absl::StatusOr<SharedLibrary> Load(const std::string& name,
                                            bool global = false);
  // Only if the process has already loaded a library of this name.
  static absl::StatusOr<SharedLibrary> FindLoaded(const std::string& name);

  // The file that was loaded; "" if the linker does not tell.
  std::string Path() const;

  // Sets the pointer `function` to the symbol `name`. false, and a null
  // pointer, if the library has no such symbol.
  template <typename Function>
  bool Find(const char* name, Function*& function) const {
    void* const found = Symbol(name);
    static_assert(sizeof(function) == sizeof(found));
    std::memcpy(&function, &found, sizeof(found));
    return found != nullptr;
  }

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  void* Symbol(const char* name) const;

  void* handle_;
};

}  // namespace arctrm
