// SPDX-License-Identifier: MIT
#include "base/shared_library.h"

#include <dlfcn.h>
#include <link.h>

#include "absl/status/status.h"

namespace arctrm {
namespace {

absl::Status LastError(const std::string& name) {
  const char* reason = dlerror();
  return absl::NotFoundError(reason != nullptr ? reason : name + ": not found");
}

}  // namespace

absl::StatusOr<SharedLibrary> SharedLibrary::Load(const std::string& name,
                                                  bool global) {
  void* const handle =
      dlopen(name.c_str(), RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
  if (handle == nullptr) return LastError(name);
  return SharedLibrary(handle);
}

absl::StatusOr<SharedLibrary> SharedLibrary::FindLoaded(
    const std::string& name) {
  void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (handle == nullptr) return LastError(name);
  return SharedLibrary(handle);
}

std::string SharedLibrary::Path() const {
  const link_map* map = nullptr;
  if (dlinfo(handle_, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return "";
  return map->l_name;
}

void* SharedLibrary::Symbol(const char* name) const {
  return dlsym(handle_, name);
}

}  // namespace arctrm
