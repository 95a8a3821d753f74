// SPDX-License-Identifier: MIT
// What fuzz targets (tests/<folder>/<x>_fuzz.cc) share.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace arctrm {

// A file without a place on disk, for readers that take a path.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("fuzz", 0)) {
    if (fd_ < 0) abort();
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  void Put(const uint8_t* data, size_t size) const {
    if (ftruncate(fd_, 0) != 0 ||
        pwrite(fd_, data, size, 0) != static_cast<ssize_t>(size)) {
      abort();
    }
  }

 private:
  int fd_;
};

}  // namespace arctrm
